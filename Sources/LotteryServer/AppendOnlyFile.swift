import Glibc
import LotteryProtocol

/// A file that only grows, and only by whole writes: one that fails half way is taken back.
///
/// Of its bytes, the first ``safeSize`` were found at the start or have been synced since, and the
/// first ``size`` are whole writes. What lies beyond ``size`` is the rest of a failed write and is
/// cut off at once. What lies beyond ``safeSize`` is cut off if a sync fails. If something cannot
/// be cut off, or the file is not what it should be, it is not known what the disk holds:
/// ``failure`` is set and the file takes nothing more.
struct AppendOnlyFile: Sendable {
  let path: String
  let disk: any Disk
  private let file: File
  /// Bytes that are known to be good. The file has as many between two calls, unless something else
  /// has changed it.
  private(set) var size: Int
  /// Bytes that a failed sync does not take back: those found at the start, and those synced since.
  /// At most ``size``.
  private var safeSize: Int
  /// Why nothing may be appended any more. Never becomes nil again.
  private var failure: StorageError?

  /// Opens the file at `path` and takes its lock, and makes it if it is missing. The data
  /// directories of two servers may hold hard links to the same file.
  init(path: String, on disk: any Disk = LocalDisk()) throws(StorageError) {
    self.path = path
    self.disk = disk
    do throws(SystemError) {
      file = try disk.open(path)
    } catch {
      throw error.code == ELOOP ? .notAFile(path: path) : .unreadable(path: path, error)
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
    let (status, isFree) = try StorageError.reading(path) {
      () throws(SystemError) in (try file.status(), try file.lock())
    }
    guard status.isRegular else { throw .notAFile(path: path) }
    guard isFree else { throw .inUse(path: path) }
    return status.size
  }

  /// Appends `bytes`, all or nothing.
  ///
  /// - Throws: ``StorageError/notWritten(path:_:)``, or ``StorageError/unreliable(path:_:)`` if a
  ///   partial write could not be taken back, or ``StorageError/changed(path:position:)`` if
  ///   something else has removed the file or changed its size.
  mutating func append(_ bytes: [UInt8]) throws(StorageError) {
    try append([bytes])
  }

  /// Appends all of `parts`, or nothing, as ``append(_:)-([UInt8])`` does.
  mutating func append(_ parts: [[UInt8]]) throws(StorageError) {
    if let failure { throw failure }
    let status: (size: Int, names: Int, isRegular: Bool)
    do throws(SystemError) {
      for part in parts { try disk.write(part.span, to: file) }
      status = try file.status()
    } catch {
      try takeBack()
      throw .notWritten(path: path, error)
    }
    let count = parts.reduce(0) { $0 + $1.count }
    size += count
    guard status.size == size, status.names > 0 else {
      throw giveUp(
        .changed(path: path, position: max(0, min(status.size, size) - count)))
    }
  }

  /// Returns when all that was appended is on the disk.
  ///
  /// After a failed sync the kernel may have dropped the bytes and report success the next time
  /// (fsync(2)). So nothing may be appended any more. The next start must not find in the kernel's
  /// memory what is not on the disk: what was appended since the last sync is taken back, and the
  /// rest is dropped from the cache.
  ///
  /// - Throws: ``StorageError/unreliable(path:_:)``
  mutating func synchronize() throws(StorageError) {
    if let failure { throw failure }
    do throws(SystemError) {
      try disk.synchronize(file)
      safeSize = size
    } catch {
      if safeSize < size {
        size = safeSize
        try? takeBack()
      }
      disk.dropCache(of: file)
      throw giveUp(.unreliable(path: path, error))
    }
  }

  /// Cuts off the rest after the whole rows.
  ///
  /// Nothing else removes bytes that were found at the start. So this reads the rest again.
  mutating func cut(_ rest: TornRest) throws {
    let end = rest.start + rest.beginning.count
    guard rest.start + rest.count == size, try read(rest.start..<end) == rest.beginning,
      try end == size || read(end..<(end + 1)) == [0]
    else {
      // The disk returns other bytes than it returned before.
      throw StorageError.unreadable(path: path, SystemError("pread", code: EIO))
    }
    (size, safeSize) = (rest.start, rest.start)
    try takeBack()
  }

  /// Returns where the NUL bytes end that begin at `start`, if there are any.
  func endOfNULs(from start: Int) throws -> Int {
    var position = start
    while position < size {
      try Task.checkCancellation()
      let bytes = try read(position..<min(position + Self.chunkSize, size))
      if let other = bytes.firstIndex(where: { $0 != 0 }) { return position + other }
      position += bytes.count
    }
    return size
  }

  /// Bytes read in one go.
  private static let chunkSize = 64 * 1024

  /// A reader of the rows.
  var rows: CSVFile { CSVFile(reading: 0..<size, of: file, lastRow: .torn) }

  /// Returns all bytes at `range`.
  func read(_ range: Range<Int>) throws(StorageError) -> [UInt8] {
    try StorageError.reading(path) { () throws(SystemError) in
      let bytes = try file.read(at: range.lowerBound, count: range.count)
      guard bytes.count == range.count else { throw .endsEarly }
      return bytes
    }
  }

  /// Returns the file for the draw, which may be reading when this one is closed.
  func share() throws(StorageError) -> StoredBets {
    let duplicate = try StorageError.reading(path) {
      () throws(SystemError) in try file.duplicate()
    }
    return StoredBets(file: duplicate, path: path)
  }

  func close() {
    // The draw may still have the file open.
    file.unlock()
    file.close()
  }

  /// Cuts the file off after ``size`` bytes.
  ///
  /// Does not lengthen a file that is shorter by now: NUL bytes would fill the gap.
  private mutating func takeBack() throws(StorageError) {
    let found: Int
    do throws(SystemError) {
      found = try file.size()
      if found > size { try disk.truncate(file, to: size) }
    } catch {
      throw giveUp(.unreliable(path: path, error))
    }
    if found < size { throw giveUp(.changed(path: path, position: found)) }
  }

  /// Sets the failure after which nothing may be appended any more, and returns it.
  private mutating func giveUp(_ failure: StorageError) -> StorageError {
    self.failure = failure
    return failure
  }
}
