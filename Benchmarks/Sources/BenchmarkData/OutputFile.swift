import LotteryProtocol

/// A file that is written in large chunks.
struct OutputFile: ~Copyable {
  /// What waits to be written.
  var bytes: [UInt8] = []
  private let file: File

  /// Bytes that are written in one go.
  private static let chunkSize = 256 * 1024

  /// Makes the file; there must be none yet.
  init(_ path: String) throws(SystemError) {
    file = try File(appending: path)
  }

  deinit {
    file.close()
  }

  /// Writes what waits, once that is enough.
  mutating func flushIfLarge() throws(SystemError) {
    if bytes.count >= Self.chunkSize { try flush() }
  }

  /// Writes the rest, and has it on the disk: nothing of it is to be written while anything is
  /// measured.
  mutating func finish() throws(SystemError) {
    try flush()
    try file.synchronize()
  }

  private mutating func flush() throws(SystemError) {
    try file.write(bytes.span)
    bytes.removeAll(keepingCapacity: true)
  }
}
