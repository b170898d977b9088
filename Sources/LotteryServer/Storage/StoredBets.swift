import LotteryCore
import LotteryProtocol

/// `bets.csv` as the draw reads it: the file that the store has open, under a descriptor of its own.
///
/// So the draw reads what was stored, whatever becomes of the file's name, and may still be reading
/// when the store is closed. The descriptor is closed with this object.
final class StoredBets: Sendable {
  private let file: File
  private let path: String

  /// The bets in `file`, which from now on belongs to this object.
  init(file: File, path: String) {
    self.file = file
    self.path = path
  }

  deinit {
    file.close()
  }

  /// Bytes of the file now.
  func size() throws(StorageError) -> Int {
    try mapError({ StorageError.unreadable(path: path, $0) }) { () throws(SystemError) in
      try file.size()
    }
  }

  /// The bytes at `range`.
  ///
  /// - Throws: ``StorageError``, also where the file has become shorter.
  func read(_ range: Range<Int>) throws(StorageError) -> [UInt8] {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try file.read(at: range.lowerBound, count: range.count)
    } catch {
      throw .unreadable(path: path, error)
    }
    guard bytes.count == range.count else { throw changed(at: range.lowerBound + bytes.count) }
    return bytes
  }

  /// What to throw where the bytes at `position` are not those that were stored.
  func changed(at position: Int) -> StorageError {
    .changed(path: path, position: position)
  }
}
