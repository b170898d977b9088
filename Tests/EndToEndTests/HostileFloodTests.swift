import Foundation
import LotteryCore
import TestSupport
import Testing

/// Whoever always has something to say, or never listens, keeps nobody else from being served.
@Suite("Flooding and deaf peers, with the real server", .serialized, .timeLimit(.minutes(1)))
struct HostileFloodTests {
  /// More than the threads on which the server serves all of its connections.
  private static let flooders = ProcessInfo.processInfo.activeProcessorCount + 2

  @Test
  func `agencies that repeat FINISHED for ever hold up neither the lottery nor the server's end`()
    async throws
  {
    let agencies = 2 + Self.flooders
    try await SiegedLottery.hold(agencies: agencies) { port in
      for number in 3...agencies {
        var hello: [UInt8] = []
        AgencyMessage.hello(agency: UInt32(number), key: "").append(to: &hello)
        try Self.flood(port, with: Recorded.finished(0), after: hello)
      }
      return []
    }
  }

  @Test func `batches that are all rejected hold up neither the lottery nor the server's end`()
    async throws
  {
    var bet = Recorded.bet
    // Its offset, behind all that is stored.
    bet[12] = 9
    let agencies = 2 + Self.flooders
    try await SiegedLottery.hold(agencies: agencies) { [bet] port in
      for number in 3...agencies {
        var greeting: [UInt8] = []
        AgencyMessage.hello(agency: UInt32(number), key: "").append(to: &greeting)
        greeting += Recorded.finished(0)
        try Self.flood(port, with: bet, after: greeting)
      }
      return []
    }
  }

  @Test
  func `questions for the status without end hold up neither the lottery nor the server's end`()
    async throws
  {
    try await SiegedLottery.hold { port in
      for _ in 0..<Self.flooders { try Self.flood(port, with: Recorded.statusQuery, after: []) }
      return []
    }
  }

  @Test func `an agency that does not take its answers gets ERROR 9, and the server stays small`()
    async throws
  {
    try await SiegedLottery.hold(agencies: 3, ["SERVER_TIMEOUT": "500ms"]) { port in
      try await onThread {
        let stranger = try Stranger(port: port)
        try stranger.send(Recorded.hello)
        let thousand = Array([[UInt8]](repeating: Recorded.finished(0), count: 1000).joined())
        // Until it has been thrown out, which ends what the kernel takes for it.
        while try stranger.send(thousand) {}
        stranger.close()
        return []
      }
    }
  }

  /// Sends `greeting` and then `frame` again and again, and takes the answers, until the server ends
  /// the connection.
  private static func flood(
    _ port: UInt16, with frame: [UInt8], after greeting: [UInt8]
  ) throws {
    let stranger = try Stranger(port: port)
    try stranger.send(greeting)
    let frames = [[UInt8]](repeating: frame, count: 1000).flatMap(\.self)
    let sender = DispatchGroup()
    sender.enter()
    Thread.detachNewThread {
      while (try? stranger.send(frames)) == true {}
      sender.leave()
    }
    Thread.detachNewThread {
      while let bytes = try? stranger.receive(1 << 16), !bytes.isEmpty {}
      // Its number must not be another's while it is sent to.
      sender.wait()
      stranger.close()
    }
  }
}
