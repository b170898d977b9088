import BenchmarkData
import LotteryProtocol
import LotteryServer

/// What is done to a bet on its way, without sockets, disks and other agencies.
enum Stages {
  /// Bytes that go to a socket or a file in one go.
  private static let groupSize = 64 * 1024
  /// Bets in a batch: the agency's default.
  private static let maxAmount = 150

  /// For comparison: takes the file in and does nothing with it. Returns its size.
  static func read(path: String) throws(SystemError) -> UInt64 {
    let file = try File(reading: path)
    defer { file.close() }
    var buffer = InputBuffer(capacity: CSVFile.chunkSize)
    var size: UInt64 = 0
    while true {
      let count = try buffer.fill { room throws(SystemError) in try file.read(into: room) }
      if count == 0 { return size }
      buffer.consume(count)
      size += UInt64(count)
    }
  }

  /// The agency's work: rows of a file become frames. Returns how many bets there were.
  static func wire(fromFile path: String) throws(BatchFrames.Failure) -> UInt64 {
    try BatchFrames.forEach(inFile: path, maxAmount: maxAmount) { frames, _ in
      if frames.count >= groupSize { frames.removeAll(keepingCapacity: true) }
    }
  }

  /// The frames that ``csv(fromFrames:)`` wants.
  static func frames(ofFile path: String) throws(BatchFrames.Failure) -> [UInt8] {
    var all: [UInt8] = []
    try BatchFrames.forEach(inFile: path, maxAmount: maxAmount) { frames, _ in
      all += frames
      frames.removeAll(keepingCapacity: true)
    }
    return all
  }

  /// The server's work: frames become rows of `bets.csv`. Returns how many bets there were.
  static func csv(fromFrames frames: [UInt8]) throws -> UInt64 {
    var rows: [UInt8] = []
    var bets: UInt64 = 0
    var unread = frames.indices
    while let range = try FrameDecoder.nextFrame(in: frames.span, from: unread) {
      let frame = frames.span.extracting(range)
      guard case .bets(let batch) = try AgencyMessage(frame: frame) else { break }
      let bad = try batch.forEachBet(in: frame) { _, bet in
        rows.append(csvRow: bet, agency: 1, in: frame)
      }
      if let bad { throw bad }
      bets += UInt64(batch.count)
      if rows.count >= groupSize { rows.removeAll(keepingCapacity: true) }
      unread = range.upperBound..<unread.upperBound
    }
    return bets
  }

  /// The course's draw: `load_bets` and `has_won`. Returns how many bets won.
  static func winners(inStore path: String) throws(StorageError) -> UInt64 {
    var reader = try BetReader(path: path)
    var winners: UInt64 = 0
    while let bet = try reader.next() {
      if hasWon(bet) { winners += 1 }
    }
    return winners
  }
}
