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
    let count = min(cores, size / leastSize)
    var starts = [0]
    for index in stride(from: 1, to: count, by: 1) {
      let offset = size / count * index
      let bytes = try read(offset..<min(offset + ProtocolLimits.csvRowSize, size))
      guard let lineEnd = bytes.span.firstIndex(of: UInt8(ascii: "\n")) else { continue }
      starts.append(offset + lineEnd + 1)
    }
    ranges = zip(starts, starts.dropFirst() + [size]).map { $0..<$1 }
  }

  /// Calls `read` with each stretch, on all cores at once, and returns what it returned, in their
  /// order; nil if it returned nil for any of them.
  ///
  /// Reading blocks. So each stretch has a queue of its own, and no connection's worker waits for
  /// it.
  func map<Part: Sendable>(_ read: @escaping @Sendable (Range<Int>) -> Part?) -> [Part]? {
    let parts = Parts<Part>(count: ranges.count)
    let reading = DispatchGroup()
    for (index, range) in ranges.enumerated() {
      DispatchQueue(label: "stretch \(index)").async(group: reading) {
        let part = read(range)
        parts.all.withLock { $0[index] = part }
      }
    }
    reading.wait()
    let read = parts.all.withLock { $0.compactMap(\.self) }
    return read.count == ranges.count ? read : nil
  }

  /// What the stretches gave, shared by their queues.
  private final class Parts<Part: Sendable>: Sendable {
    let all: Mutex<[Part?]>

    init(count: Int) {
      all = Mutex([Part?](repeating: nil, count: count))
    }
  }
}
