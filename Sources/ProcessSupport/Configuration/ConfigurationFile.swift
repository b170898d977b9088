import Glibc
import LotteryCore
import LotteryProtocol

/// A dialect of configuration files.
package protocol ConfigurationDialect {
  /// Parses `bytes`. Errors name the file as `file`.
  init(_ bytes: [UInt8], file: String) throws(ConfigurationError)

  /// The values in the file.
  var settings: [Setting] { get }
}

extension Settings {
  /// Reads a program's settings from its configuration file and its environment.
  ///
  /// - Parameters:
  ///   - dialect: the dialect of the file.
  ///   - file: the file that `--config` named, which must exist; nil if there was none.
  ///   - path: the file to read otherwise, if it exists.
  package init(
    _ dialect: (some ConfigurationDialect).Type, file: String?, default path: String
  ) throws(ConfigurationError) {
    var settings: [Setting] = []
    if let bytes = try ConfigurationFile.bytes(of: file ?? path) {
      settings = try dialect.init(bytes, file: file ?? path).settings
    } else if let file {
      throw ConfigurationError(noInput: file)
    }
    self.init(file: settings, environment: Environment.text)
  }
}

/// Reads configuration files and key files into memory.
package enum ConfigurationFile {
  /// The largest file by default, in bytes: far more than a person writes by hand.
  package static let sizeLimit = 64 * 1024

  /// Reads the file at `path`.
  ///
  /// - Parameter sizeLimit: the largest size that is accepted, in bytes.
  /// - Throws: ``ConfigurationError`` if it does not exist, cannot be read or is too large.
  package static func read(
    _ path: String, sizeLimit: Int = Self.sizeLimit
  ) throws(ConfigurationError) -> [UInt8] {
    guard let bytes = try bytes(of: path, sizeLimit: sizeLimit) else {
      throw ConfigurationError(missing: path)
    }
    return bytes
  }

  /// The bytes of the file at `path`, or nil if it does not exist.
  fileprivate static func bytes(
    of path: String, sizeLimit: Int = Self.sizeLimit
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

  private static func readAll(_ file: File, _ sizeLimit: Int) throws(SystemError) -> [UInt8] {
    var buffer = InputBuffer(capacity: sizeLimit + 1)
    while !buffer.isFull {
      let count = try buffer.fill { room throws(SystemError) in try file.read(into: room) }
      if count == 0 { return Array(buffer.storage[buffer.unread]) }
    }
    throw SystemError("read", code: EFBIG)
  }
}

/// An error in a program's configuration.
package struct ConfigurationError: ProgramError, Equatable {
  /// One line: the place, the value and the rule.
  package let description: String
  /// 66 if the file that `--config` named does not exist, 78 otherwise.
  package let exitStatus: ExitStatus

  /// A line that breaks a rule of its file's dialect.
  package init(file: String, line: Int, _ problem: String) {
    self.init("\(file):\(line): \(problem)")
  }

  /// A value that breaks its rule.
  init(origin: Setting.Origin, key: String, value: String, rule: String) {
    self.init("\(origin): \(key) = \"\(value)\": must be \(rule)")
  }

  /// A required value that is missing.
  init(missing key: String, variable: String) {
    self.init("\(key): must be set, in the file or as \(variable)")
  }

  /// A file that cannot be read.
  init(unreadable file: String, reason: String) {
    self.init("\(file): \(reason)")
  }

  /// A required file that does not exist.
  package init(missing file: String) {
    self.init("\(file): no such file")
  }

  /// A file that `--config` named and that does not exist.
  init(noInput file: String) {
    self.init("\(file): no such file", exitStatus: .noInput)
  }

  private init(_ description: String, exitStatus: ExitStatus = .badConfiguration) {
    self.description = description
    self.exitStatus = exitStatus
  }
}
