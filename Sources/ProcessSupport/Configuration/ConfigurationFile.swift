import Glibc
import LotteryProtocol

/// Reads a configuration file into memory.
public enum ConfigurationFile {
  /// The largest file that people write by hand, in bytes.
  public static let sizeLimit = 64 * 1024

  /// What the file at `path` holds, or nil where there is no such file.
  ///
  /// - Parameter sizeLimit: the most bytes that it may hold.
  /// - Throws: ``ConfigurationError`` where it cannot be read or is too large.
  public static func read(
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
  public static func read(
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
