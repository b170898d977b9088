import LotteryProtocol
import LotteryCore
import TestSupport
import Testing

@testable import LotteryServer

/// More agencies than the machine would give threads to.
@Suite(.timeLimit(.minutes(1))) struct CrowdTests {
  @Test func `300 agencies that wait for the draw at once all get their winners`() async throws {
    let agencies: UInt32 = 300
    // Opens when the agency has finished and its question has been sent.
    let asked = (1..<agencies).map { _ in Promise<Void>() }
    try await withServer(agencies: agencies) { server in
      try await withThrowingTaskGroup { group in
        for (agency, promise) in zip(1..<agencies, asked) {
          group.addTask {
            try await server.withClient(agency) { client in
              try await Self.ask(client, agency)
              promise.fulfill(())
              try await Self.expectWinner(client, agency)
            }
          }
        }
        group.addTask {
          for promise in asked { _ = await promise.wait() }
          try await server.withClient(agencies) { client in
            try await Self.ask(client, agencies)
            try await Self.expectWinner(client, agencies)
          }
        }
        try await group.waitForAll()
      }
    }
  }

  private static func ask(_ client: Peer, _ agency: UInt32) async throws {
    let bet = try sampleBet(agency, Int(agency), number: winningNumber)
    try await client.greet()
    try await client.expect(.stored(1), after: Frames.bet(bet, at: 0))
    try await client.expect(.confirmed, after: Frames.finished(1), Frames.winnersQuery)
  }

  private static func expectWinner(_ client: Peer, _ agency: UInt32) async throws {
    try await client.expect(
      .winners(more: false, documents: ["\(30_000_000 + Int(agency))"]))
  }
}
