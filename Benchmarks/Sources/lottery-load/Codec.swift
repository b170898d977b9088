import Glibc
import LotteryCore

/// The stages of a bet's way, each alone in one thread, without sockets, disks and other agencies.
enum Codec {
  /// Bytes that go to a socket or a file in one go.
  private static let groupSize = 64 * 1024

  /// Runs each stage over the same bets and prints the CPU time that it took.
  static func run(agencyFile: String) throws {
    let batches = try PreparedBets(path: agencyFile).batches
    print("batches: \(batches.count)")
    let frames = batches.flatMap(\.frame)
    try measure("csv to wire") { try wire(fromFile: agencyFile) }
    try measure("wire to csv") { try csv(fromFrames: frames) }
  }

  /// The result is printed, so that no work can be left out.
  private static func measure(_ stage: String, _ work: () throws -> UInt64) throws {
    let start = cpuSeconds
    let result = try work()
    let seconds = cpuSeconds - start
    print("stage: \(stage) | seconds: \(seconds) | result: \(result)")
  }

  /// CPU time of this process.
  private static var cpuSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The agency's work: rows of a file become frames. Returns how many bets there were.
  private static func wire(fromFile path: String) throws -> UInt64 {
    try PreparedBets.forEachBatch(ofFile: path) { frames, _ in
      if frames.count >= groupSize { frames.removeAll(keepingCapacity: true) }
    }
  }

  /// The server's work: frames become rows of `bets.csv`. Returns how many bets there were.
  private static func csv(fromFrames frames: [UInt8]) throws -> UInt64 {
    var rows: [UInt8] = []
    var bets: UInt64 = 0
    var unread = frames.indices
    while let range = try frames.span.nextFrame(in: unread) {
      let frame = frames.span.extracting(range)
      guard case .bets(let batch) = try AgencyMessage(frame: frame) else { break }
      var lastRow = 0
      let bad = try batch.appendRows(of: 1, after: 0, in: frame, to: &rows, lastRow: &lastRow)
      if let bad { throw bad }
      bets += UInt64(batch.count)
      if rows.count >= groupSize { rows.removeAll(keepingCapacity: true) }
      unread = range.upperBound..<unread.upperBound
    }
    return bets
  }
}
