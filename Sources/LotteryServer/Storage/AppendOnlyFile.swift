import LotteryProtocol

/// A file that only grows, and only by whole writes: one that fails half way is taken back.
struct AppendOnlyFile: Sendable {
  let path: String
  private let file: File
  /// Bytes that are known to be good.
  private(set) var size: Int

  /// Opens the file at `path`, and makes it where it is missing.
  init(path: String) throws(StorageError) {
    self.path = path
    do throws(SystemError) {
      file = try File(appending: path)
    } catch {
      throw .unreadable(path: path, error)
    }
    do throws(SystemError) {
      size = try file.size()
    } catch {
      file.close()
      throw .unreadable(path: path, error)
    }
  }

  /// Appends `bytes`, all or nothing.
  ///
  /// - Throws: ``StorageError/notWritten(path:_:)``, or ``StorageError/unreliable(path:_:)`` where
  ///   what was written in part could not be taken back.
  mutating func append(_ bytes: [UInt8]) throws(StorageError) {
    do throws(SystemError) {
      try file.write(bytes.span)
      size += bytes.count
    } catch {
      try takeBack()
      throw .notWritten(path: path, error)
    }
  }

  /// Returns when all that was appended is on the disk.
  ///
  /// - Throws: ``StorageError/unreliable(path:_:)``: after a failed sync the kernel may have
  ///   dropped the bytes and report success the next time (fsync(2)), so nobody may go on as if
  ///   nothing happened.
  func synchronize() throws(StorageError) {
    do throws(SystemError) {
      try file.synchronize()
    } catch {
      throw .unreliable(path: path, error)
    }
  }

  /// Cuts off what lies behind the first `size` bytes.
  mutating func cut(to size: Int) throws(StorageError) {
    guard size < self.size else { return }
    self.size = size
    try takeBack()
  }

  /// The bytes at `range`.
  func read(_ range: Range<Int>) throws(StorageError) -> [UInt8] {
    do throws(SystemError) {
      return try file.read(at: range.lowerBound, count: range.count)
    } catch {
      throw .unreadable(path: path, error)
    }
  }

  func close() {
    file.close()
  }

  private func takeBack() throws(StorageError) {
    do throws(SystemError) {
      try file.truncate(to: size)
    } catch {
      throw .unreliable(path: path, error)
    }
  }
}
