import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// Whole lotteries of the real programs. `checks/faults` kills, cuts and starves them in every way.
@Suite(.timeLimit(.minutes(10))) struct LotteryTests {
  @Test func `five agencies whose server is killed get their winners from the next`() async throws {
    let lottery = try Lottery(agencies: 5)
    let winners = [3, 3, 2, 1, 1]
    for (index, size) in [26_936, 25_518, 16_014, 9_238, 991].enumerated() {
      try lottery.write(.rows(size, of: index + 1, winning: 10_000), of: index + 1)
    }
    let first = try await lottery.startServer()
    var agencies = try (2...5).map { try lottery.startAgency($0) }
    // The last batch of agency 5, which waits for the others from then on.
    await first.line(with: "apuesta_recibida | result: success | cantidad: 91")
    first.send(SIGKILL)
    #expect(await first.end() == .killed(by: SIGKILL))
    let second = try await lottery.startServer()
    agencies.insert(try lottery.startAgency(1), at: 0)
    for (agency, count) in zip(agencies, winners) {
      #expect(await agency.end() == .exit(0))
      let line = "action: consulta_ganadores | result: success | cant_ganadores: \(count)"
      #expect(agency.lines.contains { $0.hasSuffix(line) })
    }
    await second.stop()
    #expect(second.lines.count { $0.hasSuffix("action: sorteo | result: success") } == 1)
    #expect(!(first.lines + second.lines).contains { $0.contains("result: fail") })
    for id in 1...5 {
      let file = try lottery.directory.read("agency-\(id).csv")
      #expect(try lottery.storedRows(of: id).joined().utf8.elementsEqual(file))
    }
  }

  @Test func `bets of an earlier run, and a bet after the lottery, get the remedy`() async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(.rows(10, of: 1), of: 1)
    let remedy = "make docker-compose-down"
    let first = try await lottery.startServer()
    let isNew = "action: recovery | result: success | bets: 0"
    #expect(first.lines.contains { $0.contains(isNew) && !$0.contains(remedy) })
    for earlier in 0...1 {
      let agency = try lottery.startAgency(1, Lottery.bet)
      #expect(await agency.end() == .exit(0))
      let sent = "action: apuesta_enviada | result: success | dni: 30904465 | numero: 7574"
      #expect(agency.lines.contains { $0.hasSuffix(sent) })
      let notes = agency.lines.filter { $0.contains("action: earlier_bets | result: success") }
      #expect(notes.count == earlier)
      #expect(notes.allSatisfy { $0.contains("cantidad: 1 | note: ") && $0.contains(remedy) })
    }
    let stored = "action: apuesta_almacenada | result: success | dni: 30904465 | numero: 7574"
    #expect(await first.line(with: stored) != nil)
    let row = "Santiago Lionel,Lorca,30904465,1999-03-17,7574\r\n"
    #expect(try lottery.storedRows(of: 1) == [row, row])
    // The file of the agency begins with another bet.
    await (try lottery.startAgency(1)).expectEnd(82, remedy)
    await first.stop()

    let second = try await lottery.startServer()
    let found = "action: recovery | result: success | bets: 2"
    #expect(second.lines.contains { $0.contains(found) && $0.hasSuffix(remedy) })
    try lottery.write([row, row], of: 1)
    await (try lottery.startAgency(1)).expectEnd(0)
    await (try lottery.startAgency(1, Lottery.bet)).expectEnd(65, remedy)
    await second.stop()
  }

  @Test func `a bets.csv cut off after the draw gets ERROR 8 and ends the server`() async throws {
    // Room for seven winners of each agency: those of agency 1 are read again when it asks.
    let (agencies, winners) = (100_000, 10)
    let lottery = try Lottery(agencies: agencies)
    let row = "1,A,B,\(String(repeating: "9", count: 20)),1990-01-15,7574\r\n"
    let totals = (1...agencies).map { "\($0),\($0 == 1 ? winners : 0)\r\n" }
    try lottery.leave(bets: String(repeating: row, count: winners), finished: totals.joined())
    let server = try await lottery.startServer()
    await server.line(with: "action: sorteo | result: success")
    try #require(truncate(lottery.directory.file("server/bets.csv"), 10) == 0)
    let agency = try Peer(port: lottery.port)
    defer { agency.close() }
    try await agency.send(Frames.hello(1), Frames.winnersQuery)
    let messages = try await agency.receiveMessages()
    #expect(messages.first?.stored == UInt64(winners))
    #expect(messages.map(\.errorCode) == [nil, .shuttingDown])
    #expect(await server.end() == .exit(65))
    #expect(
      server.lines.contains {
        $0.contains("action: send_winners | result: fail | error: ")
          && $0.contains("bets.csv: changed by something else while the server ran, at byte ")
      })
  }
}
