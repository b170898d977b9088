import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// A server that runs out of disk. The limit on file sizes is the process's, so each test has a
/// process of its own.
@Suite struct FullDiskServerTests {
  @Test func `bets that cannot be stored are rejected, and the agency may come again`() async {
    await #expect(processExitsWith: .success) {
      try await withAgency { client, server in
        let bets = try sampleBets(0..<100)
        let notStored = "the server could not store it"
        FullDiskTests.limitFiles(to: 4096)
        try await client.expect(
          .rejected(offset: 0, index: 0, code: .notStored, reason: notStored),
          after: Frames.batch(bets, at: 0))
        try await client.expect(nil)
        try await server.withAgency { client in
          try await client.expect(.stored(10), after: Frames.batch(Array(bets[..<10]), at: 0))
          try await client.expect(.confirmed, after: Frames.finished(10))
        }
        #expect(try server.directory.read("bets.csv") == rows(Array(bets[..<10])))
      }
    }
  }

  @Test func `FINISHED in flight after a batch that cannot be stored does not count`() async {
    await #expect(processExitsWith: .success) {
      try await withAgency { client, server in
        FullDiskTests.limitFiles(to: 4096)
        try await client.send(Frames.batch(try sampleBets(0..<100), at: 0), Frames.finished(100))
        try await client.expect(
          .rejected(
            offset: 0, index: 0, code: .notStored, reason: "the server could not store it"))
        try await client.expect(nil)
        #expect(try server.directory.read("finished.csv") == [])
      }
    }
  }

  @Test func `an agency that finishes on a full disk has not finished`() async {
    await #expect(processExitsWith: .success) {
      try await withServer(agencies: 1) { server in
        try await server.withAgency(1) { client in
          FullDiskTests.limitFiles(to: 0)
          try await client.expect(
            .error(code: .shuttingDown, reason: "the server could not store it"),
            after: Frames.finished(0))
          try await client.expect(nil)
        }
        FullDiskTests.limitFiles(to: 4096)
        try await server.withClient(1) { client in
          try await client.expect(.welcome(), after: Frames.hello(1))
          try await client.expect(.confirmed, after: Frames.finished(0))
        }
      }
    }
  }
}

/// A server whose disk fails in a way that leaves it unknown what is stored.
@Suite(.timeLimit(.minutes(10))) struct FailingDiskServerTests {
  @Test func `bets that may be stored all the same are not rejected`() async throws {
    try await confirmation("the disk ends the server") { ended in
      try await withServer(agencies: 1, onFailure: { _ in ended() }) { server in
        try await server.withAgency { client in
          try await FailingCalls.with(.fdatasync, on: server.directory.file("bets.csv")) {
            try await client.expect(
              .error(code: .shuttingDown, reason: "the server could not store it"),
              after: Frames.batch(try sampleBets(0..<3), at: 0))
          }
        }
      }
    }
  }
}
