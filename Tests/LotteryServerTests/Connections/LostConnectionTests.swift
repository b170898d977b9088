import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Agencies whose connection breaks at a bad moment.
@Suite(.timeLimit(.minutes(10))) struct LostConnectionTests {
  @Test func `an agency that never hears CONFIRMED has finished all the same`() async throws {
    try await withServer(agencies: 1) { server in
      let lost = try Peer(port: server.port, agency: 1)
      try await lost.greet()
      try await lost.send(Frames.finished(0))
      // FINISHED is not safe yet, so the answer is lost.
      lost.reset()
      try await server.withAgency(1) { client in
        try await client.expect(.confirmed, after: Frames.finished(0))
        #expect(try await client.askWinners() == [])
      }
    }
  }

  @Test func `a batch whose STORED is lost is stored once`() async throws {
    try await withServer(agencies: 1) { server in
      let batch = Frames.batch(try sampleBets(0..<20), at: 0)
      let lost = try Peer(port: server.port, agency: 1)
      try await lost.greet()
      try await lost.send(batch)
      lost.reset()
      try await server.withAgency(1) { client in
        try await client.expect(.stored(20), after: batch)
        try await client.expect(.confirmed, after: Frames.finished(20))
        #expect(try server.directory.read("bets.csv") == rows(sampleBets(0..<20)))
      }
    }
  }

  @Test func `one that waits for the draw and vanishes gives up its place`() async throws {
    let log = try LogFile()
    try await withServer(agencies: 2, log: log.log, changing: { $0.maxConnections = 1 }) { server in
      let lost = try Peer(port: server.port, agency: 1)
      try await lost.greet()
      try await lost.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
      lost.reset()
      try await server.withClient(2) { client in
        // In its place, the other one gets in.
        try await client.greet()
        try await client.expect(.confirmed, after: Frames.finished(0))
        #expect(try await client.askWinners() == [])
      }
      // No peer was left to be refused.
      #expect(try log.lines(of: "refuse_connection") == [])
    }
  }
}
