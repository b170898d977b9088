import LotteryProtocol

/// Rows of CSV files, counted: a fast run that has lost bets is none.
enum Rows {
  private static let chunkSize = 256 * 1024

  /// Sees to it that `path` has as many rows as `files` have together.
  static func check(_ path: String, hasAllOf files: [String]) throws(BenchError) {
    var counts: [String: Int] = [:]
    var expected = 0
    for file in files {
      let rows = if let known = counts[file] { known } else { try count(file) }
      counts[file] = rows
      expected += rows
    }
    try check(path, has: expected)
  }

  /// Sees to it that `path` has `expected` rows.
  static func check(_ path: String, has expected: Int) throws(BenchError) {
    let found = try count(path)
    guard found == expected else {
      throw .unexpected("\(path) has \(found) rows instead of \(expected)")
    }
  }

  /// The rows of the file at `path`, none of whose fields holds a line end.
  static func count(_ path: String) throws(BenchError) -> Int {
    var rows = 0
    try forEachChunk(path) { chunk in
      for index in chunk.indices where chunk[index] == UInt8(ascii: "\n") { rows += 1 }
    }
    return rows
  }

  /// Reads the file at `path` and does nothing with it. Returns its size in bytes.
  static func read(_ path: String) throws(BenchError) -> Int {
    var size = 0
    try forEachChunk(path) { size += $0.count }
    return size
  }

  private static func forEachChunk(
    _ path: String, _ take: (Span<UInt8>) -> Void
  ) throws(BenchError) {
    try BenchError.naming(path) { () throws(SystemError) in
      let file = try File(reading: path)
      defer { file.close() }
      var buffer = InputBuffer(capacity: chunkSize)
      while try buffer.fill({ room throws(SystemError) in try file.read(into: room) }) > 0 {
        take(buffer.storage.span.extracting(buffer.unread))
        buffer.consume(buffer.unread.count)
      }
    }
  }
}
