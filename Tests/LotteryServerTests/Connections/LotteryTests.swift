import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

@Suite(.timeLimit(.minutes(10))) struct LotteryTests {
  @Test func `agencies that play at the same time get their own winners`() async throws {
    let (agencies, bets): (UInt32, Int) = (3, 500)
    try await withServer(agencies: agencies) { server in
      try await withThrowingTaskGroup { group in
        for agency in 1...agencies {
          group.addTask {
            // Agency 1 wins with every bet, agency 2 with every second one, and so on.
            let bets = try (0..<bets).map {
              try sampleBet($0, of: agency, number: $0 % Int(agency) == 0 ? winningNumber : 1)
            }
            let winners = try await server.withClient(agency) { client in
              try await client.finish(with: bets)
              return try await client.askWinners()
            }
            #expect(winners == bets.filter(hasWon).map(\.document))
          }
        }
        try await group.waitForAll()
      }
      let rows = try server.directory.read("bets.csv").count { $0 == 0x0A }
      #expect(rows == Int(agencies) * bets)
    }
  }

  @Test func `the winners wait for the last agency`() async throws {
    try await withAgency(agencies: 2) { first, server in
      // What follows WINNERS? is answered after it: nothing may overtake the draw.
      try await first.send(Frames.finished(0), Frames.winnersQuery, Frames.finished(0))
      try await first.expect(.confirmed)
      try await server.withAgency(2) { second in
        try await second.expect(.confirmed, after: Frames.finished(0))
      }
      try await first.expect(.winners(more: false, documents: []))
      try await first.expect(.confirmed)
    }
  }

  @Test func `a late question is answered, again and again`() async throws {
    try await withServer(agencies: 1) { server in
      let bet = try sampleBet(0, number: winningNumber)
      let winners = ServerMessage.winners(more: false, documents: [bet.document])
      try await server.withClient(1) { client in
        try await client.finish(with: [bet])
        try await client.expect(winners, after: Frames.winnersQuery)
      }
      try await server.withClient(1) { client in
        try await client.expect(.welcome(1, last: bet, state: .drawn), after: Frames.hello(1))
        try await client.expect(winners, after: Frames.winnersQuery)
        try await client.expect(winners, after: Frames.winnersQuery)
      }
    }
  }

  @Test(arguments: [false, true])
  func `the draw reads the file that the bets were stored in`(isReplaced: Bool) async throws {
    try await withClient { client, server in
      let bet = try sampleBet(0, number: winningNumber)
      try await client.greet()
      try await client.expect(.stored(1), after: Frames.bet(bet, at: 0))
      let path = server.directory.file("bets.csv")
      try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
      if isReplaced { try server.directory.write(rows([bet, bet]), to: "bets.csv") }
      try await client.expect(.confirmed, after: Frames.finished(1))
      #expect(try await client.askWinners() == [bet.document])
    }
  }
}

/// More agencies than the machine would give threads to.
@Suite(.timeLimit(.minutes(10))) struct CrowdTests {
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
    let bet = try sampleBet(Int(agency), of: agency, number: winningNumber)
    try await client.greet()
    try await client.expect(.stored(1), after: Frames.bet(bet, at: 0))
    try await client.expect(.confirmed, after: Frames.finished(1), Frames.winnersQuery)
  }

  private static func expectWinner(_ client: Peer, _ agency: UInt32) async throws {
    try await client.expect(.winners(more: false, documents: ["\(30_000_000 + Int(agency))"]))
  }
}
