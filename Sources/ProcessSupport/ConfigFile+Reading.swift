import Glibc
package import LotteryProtocol

extension ConfigFile {
  /// The largest file by default, in bytes: far more than a person writes by hand.
  package static let sizeLimit = 64 * 1024

  /// Reads the file at `path` into memory: a configuration, or keys.
  ///
  /// - Parameter sizeLimit: the largest size that is accepted, in bytes.
  /// - Returns: nil if it does not exist.
  /// - Throws: ``ConfigurationError`` if it cannot be read or is too large; `CancellationError` if
  ///   the task is cancelled while the file, a pipe, is silent.
  static func bytes(of path: Path, sizeLimit: Int = sizeLimit) throws -> [UInt8]? {
    do {
      // A pipe may be silent, and the read must end when the program does. A named pipe without a
      // writer is an empty file (fifo(7)).
      let file = try SystemError.check("open") {
        open(path.cString, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      }
      defer { close(file) }
      return try readAll(file, sizeLimit)
    } catch let error as SystemError {
      if error.code == ENOENT { return nil }
      throw ConfigurationError("\(path): \(error.problem(reading: path))")
    }
  }

  /// Reads the file at `path` like ``bytes(of:sizeLimit:)``. It must exist.
  package static func read(_ path: Path, sizeLimit: Int = sizeLimit) throws -> [UInt8] {
    guard let bytes = try bytes(of: path, sizeLimit: sizeLimit) else {
      throw ConfigurationError("\(path): no such file")
    }
    return bytes
  }

  private static func readAll(_ file: Int32, _ sizeLimit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count <= sizeLimit {
      do throws(SystemError) {
        let count = try SystemError.check("read") { Glibc.read(file, &piece, piece.count) }
        if count == 0 { return bytes }
        bytes += piece[..<count]
      } catch {
        guard error.code == EAGAIN else { throw error }
        try Task.checkCancellation()
        var input = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        poll(&input, 1, 100)
      }
    }
    throw SystemError("read", code: EFBIG)
  }
}

/// An error in a program's configuration: one line with the place, the value and the rule.
package struct ConfigurationError: ProgramError, Equatable {
  package let description: String
  /// 66 if the file that `--config` named does not exist, 78 otherwise.
  package let exitStatus: ExitStatus

  init(_ description: String, exitStatus: ExitStatus = .badConfiguration) {
    self.description = description
    self.exitStatus = exitStatus
  }

  /// A line that breaks a rule of its file.
  package init(file: String, line: Int, _ problem: String) {
    self.init("\(file):\(line): \(problem)")
  }
}
