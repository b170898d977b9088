import Glibc
import LotteryCore
import LotteryProtocol

/// Reads a configuration file into memory.
package enum ConfigurationFile {
  /// The largest file that people write by hand, in bytes.
  package static let sizeLimit = 64 * 1024

  /// What the file at `path` holds, or nil where there is no such file.
  ///
  /// - Parameter sizeLimit: the most bytes that it may hold.
  /// - Throws: ``ConfigurationError`` where it cannot be read or is too large.
  package static func read(
    _ path: String, sizeLimit: Int = Self.sizeLimit
  ) throws(ConfigurationError) -> [UInt8]? {
    do throws(SystemError) {
      let file = try File(reading: path)
      defer { file.close() }
      return try readAll(file, sizeLimit)
    } catch {
      if error.code == ENOENT { return nil }
      throw ConfigurationError(unreadable: path, reason: error.description)
    }
  }

  /// What the configuration file of a program holds: the one that `--config` named, which must
  /// exist, or else the one at `path`, which need not.
  ///
  /// - Returns: the file's path, and its bytes; nil if there is no such file.
  /// - Throws: ``ConfigurationError``
  package static func read(
    named file: String?, default path: String
  ) throws(ConfigurationError) -> (path: String, bytes: [UInt8]?) {
    guard let file else { return (path, try read(path)) }
    guard let bytes = try read(file) else { throw ConfigurationError(noInput: file) }
    return (file, bytes)
  }

  private static func readAll(
    _ file: File, _ sizeLimit: Int
  ) throws(SystemError) -> [UInt8] {
    var buffer = InputBuffer(capacity: sizeLimit + 1)
    while !buffer.isFull {
      let count = try buffer.fill { room throws(SystemError) in try file.read(into: room) }
      if count == 0 { return Array(buffer.storage[buffer.unread]) }
    }
    throw SystemError("read", code: EFBIG)
  }
}

/// A configuration that a program cannot work with.
package struct ConfigurationError: ProgramError, Equatable {
  /// One line: where, what, and which rule it breaks.
  package let description: String
  /// 66 if the configuration file that was named does not exist, else 78.
  package let exitStatus: ExitStatus

  /// A file that is not in the dialect it should be in.
  package init(file: String, line: Int, _ problem: String) {
    self.init("\(file):\(line): \(problem)")
  }

  /// A value that breaks its rule.
  init(origin: Setting.Origin, key: String, value: String, rule: String) {
    self.init("\(origin): \(key) = \"\(value)\": must be \(rule)")
  }

  /// A value that must be there and is not.
  init(missing key: String, variable: String) {
    self.init("\(key): must be set, in the file or as \(variable)")
  }

  /// A file that cannot be read.
  init(unreadable file: String, reason: String) {
    self.init("\(file): \(reason)")
  }

  /// A file that must be there and is not.
  package init(missing file: String) {
    self.init("\(file): there is no such file")
  }

  /// A configuration file that was named on the command line and does not exist.
  init(noInput file: String) {
    self.init("\(file): there is no such file", exitStatus: .noInput)
  }

  private init(_ description: String, exitStatus: ExitStatus = .badConfiguration) {
    self.description = description
    self.exitStatus = exitStatus
  }
}
