import Glibc
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
  ) throws {
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
  /// - Throws: ``ConfigurationError`` if it does not exist, cannot be read or is too large;
  ///   `CancellationError` if the task is cancelled while the file, a pipe, is silent.
  package static func read(
    _ path: String, sizeLimit: Int = Self.sizeLimit
  ) throws -> [UInt8] {
    guard let bytes = try bytes(of: path, sizeLimit: sizeLimit) else {
      throw ConfigurationError(missing: path)
    }
    return bytes
  }

  /// The bytes of the file at `path`, or nil if it does not exist.
  fileprivate static func bytes(
    of path: String, sizeLimit: Int = Self.sizeLimit
  ) throws -> [UInt8]? {
    do {
      // A pipe may be silent, and the read must end when the program does. A named pipe without a
      // writer is an empty file (fifo(7)).
      let file = try SystemError.check("open") { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
      defer { close(file) }
      return try readAll(file, sizeLimit)
    } catch let error as SystemError {
      if error.code == ENOENT { return nil }
      throw ConfigurationError(unreadable: path, reason: error.description)
    }
  }

  private static func readAll(_ file: Int32, _ sizeLimit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count <= sizeLimit {
      guard let count = try readNow(file, into: &piece) else {
        try Task.checkCancellation()
        var input = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        poll(&input, 1, 100)
        continue
      }
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
    throw SystemError("read", code: EFBIG)
  }

  /// Nil if there is nothing to read yet.
  private static func readNow(
    _ file: Int32, into piece: inout [UInt8]
  ) throws(SystemError) -> Int? {
    do throws(SystemError) {
      return try SystemError.check("read") { Glibc.read(file, &piece, piece.count) }
    } catch {
      guard error.code == EAGAIN else { throw error }
      return nil
    }
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
