import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// A client that always has something to say, or never listens, does not keep others from being
/// served, nor the server from ending.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HostileFloodTests {
  /// More than the threads on which the server serves all of its connections.
  private static let flooders = ProcessInfo.processInfo.activeProcessorCount + 2

  @Test func `agencies that repeat FINISHED without end hold up nothing`() async throws {
    try await Self.holdWithAgencies {
      Frames.hello($0)
    } repeating: {
      Frames.finished(0)
    }
  }

  @Test func `batches that are rejected on one connection after the other hold up nothing`()
    async throws
  {
    let agencies = 2 + Self.flooders
    try await SiegedLottery.hold(agencies: agencies, staysConnected: true) { attack in
      var bet = Recorded.bet
      // Its offset, after all that is stored.
      bet[12] = 9
      for agency in 3...UInt32(agencies) {
        let conversation = Frames.hello(agency) + Frames.finished(0) + bet
        attack.run {
          // Until the server has gone, and connecting fails.
          while true {
            let client = try Peer(port: attack.port, takesResets: true)
            defer { client.close() }
            try await client.send(conversation)
            _ = try await client.receiveAll()
          }
        }
      }
    }
  }

  @Test func `questions for the status without end hold up nothing`() async throws {
    try await SiegedLottery.hold(staysConnected: true) { attack in
      for _ in 0..<Self.flooders { try await attack.flood(with: Recorded.statusQuery, after: []) }
    }
  }

  @Test func `an agency that does not take its answers is ended`() async throws {
    try await SiegedLottery.hold(agencies: 3, ["SERVER_TIMEOUT": "500ms"]) { attack in
      let client = try attack.connect()
      try await client.send(Recorded.hello)
      let thousand = Array([[UInt8]](repeating: Frames.finished(0), count: 1000).joined())
      // Until it has been thrown out, which ends what the kernel takes for it.
      while try await client.send(thousand) {}
    }
  }

  /// Holds a lottery in which agencies from 3 say `greeting` and then the same frame without end.
  private static func holdWithAgencies(
    greeting: @Sendable (UInt32) -> [UInt8], repeating frame: @Sendable () -> [UInt8]
  ) async throws {
    let agencies = 2 + flooders
    try await SiegedLottery.hold(agencies: agencies, staysConnected: true) { attack in
      for agency in 3...UInt32(agencies) {
        try await attack.flood(with: frame(), after: greeting(agency))
      }
    }
  }
}

extension Attack {
  /// Sends `greeting` and then `frame` again and again, and takes the answers, until the server
  /// ends the connection.
  fileprivate func flood(with frame: [UInt8], after greeting: [UInt8]) async throws {
    let client = try connect()
    try await client.send(greeting)
    let frames = [[UInt8]](repeating: frame, count: 1000).flatMap(\.self)
    run { while try await client.send(frames) {} }
    run { while try await !client.receive(1 << 16).isEmpty {} }
  }
}
