import LotteryProtocol

/// `bets.csv` as the draw reads it: the file that the store has open, under a descriptor of its
/// own.
///
/// So the draw reads what was stored even if the file is renamed or replaced, and may still be
/// reading when the store is closed. The descriptor is closed with this object.
final class StoredBets: Sendable {
  private let file: File
  private let path: String

  /// The bets in `file`, which belongs to this object from now on.
  init(file: File, path: String) {
    self.file = file
    self.path = path
  }

  deinit {
    file.close()
  }

  /// Returns the size of the file now, in bytes.
  func size() throws(StorageError) -> Int {
    try StorageError.reading(path) { () throws(SystemError) in
      try file.size()
    }
  }

  /// Returns the bytes at `range`.
  ///
  /// - Throws: ``StorageError``, also if the file has become shorter.
  func read(_ range: Range<Int>) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    try read(range, into: &bytes)
    return bytes
  }

  /// Reads the bytes at `range` to the front of `bytes`, which must have room for them.
  ///
  /// - Throws: ``StorageError``, also if the file has become shorter.
  func read(_ range: Range<Int>, into bytes: inout [UInt8]) throws(StorageError) {
    let count = try StorageError.reading(path) { () throws(SystemError) in
      try file.read(range, into: &bytes)
    }
    guard count == range.count else { throw changed(at: range.lowerBound + count) }
  }

  /// The error to throw if the bytes at `position` are not those that were stored.
  func changed(at position: Int) -> StorageError {
    .changed(path: path, position: position)
  }
}
