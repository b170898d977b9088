import Dispatch
import Glibc
import LotteryCore
import Synchronization

extension BetTally {
  /// Reads the first `size` bytes of `file`: many in as many stretches at once as there are cores.
  ///
  /// Stretches begin after line ends. That these are the ends of rows is only certain where no row
  /// has quotes; otherwise, and where anything else is odd, the file is read again from front to
  /// back.
  ///
  /// - Throws: ``StorageError``
  static func all(
    of file: AppendOnlyFile, size: Int, cores: Int = cores, leastStretch: Int = leastStretch
  ) throws(StorageError) -> BetTally {
    let count = min(cores, size / leastStretch)
    let ranges = (try? stretches(of: file, size: size, count: count)) ?? []
    guard ranges.count > 1, let tally = read(ranges, of: file) else {
      return try BetTally(0..<size, of: file)
    }
    return tally
  }

  /// The least bytes that are worth a core of their own.
  private static let leastStretch = 4 * 1024 * 1024
  private static let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  private static func stretches(
    of file: AppendOnlyFile, size: Int, count: Int
  ) throws(StorageError) -> [Range<Int>] {
    guard count > 1 else { return [] }
    var starts = [0]
    for index in 1..<count {
      let offset = size / count * index
      let bytes = try file.read(offset..<min(offset + ProtocolLimits.csvRowSize, size))
      guard let lineEnd = bytes.span.firstIndex(of: UInt8(ascii: "\n")) else { return [] }
      starts.append(offset + lineEnd + 1)
    }
    return zip(starts, starts.dropFirst() + [size]).map { $0..<$1 }
  }

  /// The stretches together, or nil where they are not what they seem.
  private static func read(_ ranges: [Range<Int>], of file: AppendOnlyFile) -> BetTally? {
    let parts = Mutex([BetTally?](repeating: nil, count: ranges.count))
    DispatchQueue.concurrentPerform(iterations: ranges.count) { index in
      let part = try? BetTally(ranges[index], of: file)
      parts.withLock { $0[index] = part }
    }
    var whole: BetTally?
    for (range, part) in zip(ranges, parts.withLock { $0 }) {
      // Only the last stretch may end with a row that is not complete.
      guard let part, !part.hasQuotes, range == ranges.last || part.end == range.upperBound
      else { return nil }
      if whole == nil { whole = part } else { whole?.append(part) }
    }
    return whole
  }
}
