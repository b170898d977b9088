package import LotteryProtocol

/// What a program's flags ask for.
package enum Invocation: Equatable, Sendable {
  /// Run, with the configuration file that `--config` named.
  case run(configurationFile: Path?)
  /// Ask the running program with this configuration file for its status.
  case status(configurationFile: Path?)
  case help
  case version

  /// Parses `arguments`, which do not include the program's name.
  ///
  /// - Parameter hasStatus: whether the program has `--status`.
  /// - Throws: ``UsageError``
  package init(_ arguments: [Path], hasStatus: Bool = false) throws(UsageError) {
    var configurationFile: Path?
    var isStatus = false
    var isHelp = false
    var isVersion = false
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      // `--flag=value` means the same as `--flag value`.
      let parts = argument.bytes.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let isLong = argument.bytes.starts(with: "--".utf8)
      let flag = isLong ? Path(bytes: Array(parts[0])) : argument
      let value = isLong && parts.count == 2 ? Path(bytes: Array(parts[1])) : nil
      switch flag {
      case "--config":
        guard let file = value ?? rest.next(), !file.bytes.isEmpty else {
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

package struct UsageError: ProgramError, Equatable {
  /// The problem, in one line.
  package let description: String

  init(_ description: String) { self.description = description }

  package var exitStatus: ExitStatus { .usage }
}
