import Dispatch
import Glibc
import LotteryCore
import Synchronization

/// A large file of rows, divided into stretches that are read on all cores at once.
///
/// A stretch begins after a line end. That this is the end of a row is certain only if no row has
/// quotes. The reader of a stretch returns nil if it sees one, and then the file is read from front
/// to back.
struct RowStretches {
  /// The stretches, in their order: only one if the file is small.
  let ranges: [Range<Int>]

  /// The least bytes that are worth a core of their own.
  static let leastSize = 4 * 1024 * 1024
  static let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  /// Divides the first `size` bytes of a file.
  ///
  /// - Parameter read: reads bytes of the file.
  init(
    size: Int, cores: Int = cores, leastSize: Int = leastSize,
    read: (Range<Int>) throws(StorageError) -> [UInt8]
  ) throws(StorageError) {
    var starts = [0]
    for index in stride(from: 1, to: min(cores, size / leastSize), by: 1) {
      let offset = size / min(cores, size / leastSize) * index
      let bytes = try read(offset..<min(offset + ProtocolLimits.csvRowSize, size))
      guard let lineEnd = bytes.span.firstIndex(of: UInt8(ascii: "\n")) else { continue }
      starts.append(offset + lineEnd + 1)
    }
    ranges = zip(starts, starts.dropFirst() + [size]).map { $0..<$1 }
  }

  /// Calls `read` with each stretch, on all cores at once, and returns what it returned, in their
  /// order; nil if it returned nil for any of them.
  func map<Part: Sendable>(_ read: @Sendable (Range<Int>) -> Part?) -> [Part]? {
    let parts = Mutex([Part?](repeating: nil, count: ranges.count))
    DispatchQueue.concurrentPerform(iterations: ranges.count) { index in
      let part = read(ranges[index])
      parts.withLock { $0[index] = part }
    }
    let read = parts.withLock { $0.compactMap(\.self) }
    return read.count == ranges.count ? read : nil
  }
}
