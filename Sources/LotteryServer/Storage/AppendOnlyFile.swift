import Glibc
import LotteryCore
import LotteryProtocol

/// A file that only grows, and only by whole writes: one that fails half way is taken back.
///
/// Where it can't be known what the disk holds, the file takes nothing more: see ``synchronize()``.
struct AppendOnlyFile: Sendable {
  let path: String
  private let file: File
  /// Bytes that are known to be good.
  private(set) var size: Int
  /// Bytes that a failed sync leaves alone: those found at the start, and those synced since.
  private var safeSize: Int
  /// Why nothing may be appended any more.
  private var failure: StorageError?

  /// Opens the file at `path`, and makes it where it is missing. Nobody else may have it open this
  /// way: symbolic links in two data directories may lead to the same file.
  init(path: String) throws(StorageError) {
    self.path = path
    do throws(SystemError) {
      file = try File(appending: path)
    } catch {
      throw .unreadable(path: path, error)
    }
    do throws(StorageError) {
      size = try Self.take(file, path)
      safeSize = size
    } catch {
      file.close()
      throw error
    }
  }

  /// Takes the lock on `file`, and returns its size.
  private static func take(_ file: File, _ path: String) throws(StorageError) -> Int {
    let status: (size: Int, names: Int, isRegular: Bool)
    let isFree: Bool
    do throws(SystemError) {
      status = try file.status()
      isFree = try file.lock()
    } catch {
      throw .unreadable(path: path, error)
    }
    guard status.isRegular else { throw .notAFile(path: path) }
    guard isFree else { throw .inUse(path: path) }
    return status.size
  }

  /// Appends `bytes`, all or nothing.
  ///
  /// - Throws: ``StorageError/notWritten(path:_:)``; ``StorageError/unreliable(path:_:)`` where
  ///   what was written in part could not be taken back; ``StorageError/changed(path:position:)``
  ///   where somebody else has removed the file or changed its size.
  mutating func append(_ bytes: [UInt8]) throws(StorageError) {
    if let failure { throw failure }
    let status: (size: Int, names: Int, isRegular: Bool)
    do throws(SystemError) {
      try file.write(bytes.span)
      status = try file.status()
    } catch {
      try takeBack()
      throw .notWritten(path: path, error)
    }
    size += bytes.count
    guard status.size == size, status.names > 0 else {
      let failure = StorageError.changed(
        path: path, position: max(0, min(status.size, size) - bytes.count))
      self.failure = failure
      throw failure
    }
  }

  /// Returns when all that was appended is on the disk.
  ///
  /// - Throws: ``StorageError/unreliable(path:_:)``: after a failed sync the kernel may have
  ///   dropped the bytes and report success the next time (fsync(2)). So nothing may be appended
  ///   any more, and the next start must not find in the kernel's memory what is not on the disk:
  ///   what was appended since the last sync is taken back, and the rest must be read again.
  mutating func synchronize() throws(StorageError) {
    if let failure { throw failure }
    do throws(SystemError) {
      try file.synchronize()
      safeSize = size
    } catch {
      if safeSize < size {
        size = safeSize
        try? takeBack()
      }
      file.dropCache()
      throw giveUp(error)
    }
  }

  /// Cuts off what lies after `end`: a last row that was torn while it was written.
  ///
  /// Nothing else removes bytes that were found at the start. So it looks at them itself, whatever
  /// the caller has read: they must begin a row and not end it, but for NUL bytes after it.
  mutating func cutTornRow(at end: Int) throws(StorageError) {
    guard end < size else { return }
    let rowEnd = max(end, try sizeWithoutNULs())
    let row = try read(end..<min(end + ProtocolLimits.csvRowSize, rowEnd))
    guard end + row.count == rowEnd, row.span.beginsRow else {
      // The disk gives other bytes than it gave the caller.
      throw .unreadable(path: path, SystemError("pread", code: EIO))
    }
    (size, safeSize) = (end, end)
    try takeBack()
  }

  /// Bytes without the NUL bytes at the end, with which no row ends. Some file systems leave them
  /// after a loss of power: the file had grown, and what was written had not reached the disk.
  func sizeWithoutNULs() throws(StorageError) -> Int {
    var end = size
    while end > 0 {
      let start = max(0, end - Self.chunkSize)
      let bytes = try read(start..<end)
      if let last = bytes.lastIndex(where: { $0 != 0 }) { return start + last + 1 }
      end = start
    }
    return 0
  }

  /// Bytes looked at in one go.
  private static let chunkSize = 64 * 1024

  /// The rows among the bytes at `range`, which begin at the front of one.
  func rows(at range: Range<Int>) -> CSVFile {
    CSVFile(reading: range, of: file, lastRow: .torn)
  }

  /// The bytes at `range`, all of them.
  func read(_ range: Range<Int>) throws(StorageError) -> [UInt8] {
    do throws(SystemError) {
      let bytes = try file.read(at: range.lowerBound, count: range.count)
      guard bytes.count == range.count else { throw .endsEarly }
      return bytes
    } catch {
      throw .unreadable(path: path, error)
    }
  }

  /// The file for the draw, which may be reading when this one is closed.
  func share() throws(StorageError) -> StoredBets {
    do throws(SystemError) {
      return StoredBets(file: try file.duplicate(), path: path)
    } catch {
      throw .unreadable(path: path, error)
    }
  }

  func close() {
    // Those who read the file may still have it open.
    file.unlock()
    file.close()
  }

  private mutating func takeBack() throws(StorageError) {
    do throws(SystemError) {
      try file.truncate(to: size)
    } catch {
      throw giveUp(error)
    }
  }

  private mutating func giveUp(_ error: SystemError) -> StorageError {
    let failure = StorageError.unreliable(path: path, error)
    self.failure = failure
    return failure
  }
}

extension Span where Element == UInt8 {
  /// Whether these bytes begin one row of CSV and do not end it.
  fileprivate var beginsRow: Bool {
    // Not at the front of the stream, where a byte order mark might be.
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize, at: 1)
    reader.input.append(copying: self)
    let step = try? reader.next(atEnd: false)
    return step == .needsMore && reader.input.unread.count == count
  }
}
