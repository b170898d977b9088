import LotteryCore
import TestSupport
import Testing

@testable import LotteryServer

/// A server whose disk fails in a way that leaves it unknown what is stored.
@Suite(.timeLimit(.minutes(1))) struct FailingDiskServerTests {
  @Test func `bets that may be stored all the same are not rejected`() async throws {
    // The server ends, as it should.
    try await withKnownIssue {
      try await withAgency { client, server in
        try await FailingCalls.with(.fdatasync, on: server.directory.file("bets.csv")) {
          try await client.expect(
            .error(code: .shuttingDown, reason: "the server could not store it"),
            after: Frames.batch(try sampleBets(1, 0..<3), at: 0))
        }
      }
    } matching: { issue in
      issue.comments.contains { $0.rawValue.hasPrefix("the disk failed") }
    }
  }
}
