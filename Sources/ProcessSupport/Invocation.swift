/// What a program's flags ask for.
package enum Invocation: Equatable, Sendable {
  /// Run, with the configuration file that `--config` named.
  case run(configurationFile: String?)
  /// Ask the running program with this configuration file for its status.
  case status(configurationFile: String?)
  /// Print the help.
  case help
  /// Print the version.
  case version

  /// Parses `arguments`, which do not include the program's name.
  ///
  /// - Parameter hasStatus: whether the program has `--status`.
  /// - Throws: ``UsageError``
  package init(
    _ arguments: some Sequence<String>, hasStatus: Bool = false
  ) throws(UsageError) {
    var configurationFile: String?
    var isStatus = false
    var isHelp = false
    var isVersion = false
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      // `--flag=value` means the same as `--flag value`.
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let isLong = argument.hasPrefix("--")
      let flag = isLong ? String(parts[0]) : argument
      let value = isLong && parts.count == 2 ? String(parts[1]) : nil
      switch flag {
      case "--config":
        guard let file = value ?? rest.next(), !file.isEmpty else {
          throw UsageError("--config: needs a file")
        }
        guard configurationFile == nil else { throw UsageError("--config: given twice") }
        configurationFile = file
      case "--status" where value == nil && hasStatus: isStatus = true
      case "--help" where value == nil, "-h": isHelp = true
      case "--version" where value == nil: isVersion = true
      default: throw UsageError("\"\(argument)\": unknown argument")
      }
    }
    self =
      switch true {
      case isHelp: .help
      case isVersion: .version
      case isStatus: .status(configurationFile: configurationFile)
      default: .run(configurationFile: configurationFile)
      }
  }
}

/// Wrong flags.
package struct UsageError: ProgramError, Equatable {
  /// The problem, in one line.
  package let description: String

  /// An error with this description.
  init(_ description: String) { self.description = description }

  /// 64.
  package var exitStatus: ExitStatus { .usage }
}
