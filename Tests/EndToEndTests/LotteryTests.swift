import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// Whole lotteries of the real programs. `checks/faults` kills, cuts and starves them in every way.
@Suite(.timeLimit(.minutes(10))) struct LotteryTests {
  @Test func `five agencies with as many bets as the course's get their winners`() async throws {
    let lottery = try Lottery(agencies: 5)
    let winners = [3, 3, 2, 1, 1]
    for (index, size) in [26_936, 25_518, 16_014, 9_238, 991].enumerated() {
      try lottery.write(.rows(size, of: index + 1, winning: 10_000), of: index + 1)
    }
    let server = try await lottery.startServer()
    let agencies = try (1...5).map { try lottery.startAgency($0) }
    for (agency, count) in zip(agencies, winners) {
      #expect(await agency.end() == .exit(0))
      let line = "action: consulta_ganadores | result: success | cant_ganadores: \(count)"
      #expect(agency.lines.contains { $0.hasSuffix(line) })
    }
    await server.stop()
    #expect(server.lines.count { $0.hasSuffix("action: sorteo | result: success") } == 1)
    for id in 1...5 {
      let file = try lottery.directory.read("agency-\(id).csv")
      #expect(try lottery.storedRows(of: id).joined().utf8.elementsEqual(file))
    }
    #expect(!server.lines.contains { $0.contains("result: fail") })
  }

  @Test func `echo: every line comes back, and both sides log it`() async throws {
    let lottery = try Lottery(agencies: 0)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(
      7, ["CLI_MODE": "echo", "CLI_LOOP_AMOUNT": "3", "CLI_LOOP_PERIOD": "1ms"])
    #expect(await agency.end() == .exit(0))
    for number in 1...3 {
      let message = "[CLIENT 7] Message N°\(number)"
      let sent = "action: receive_message | result: success | client_id: 7 | msg: \(message)"
      let received = "action: receive_message | result: success | ip: 127.0.0.1 | msg: \(message)"
      #expect(agency.lines.count { $0.hasSuffix(sent) } == 1)
      #expect(await server.line(with: received) != nil)
    }
    let last = "action: loop_finished | result: success | client_id: 7"
    #expect(agency.lines.contains { $0.hasSuffix(last) })
    await server.stop()
  }

  @Test func `bets of an earlier run, and a bet after the lottery, get the remedy`() async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(.rows(10, of: 1), of: 1)
    let remedy = "make docker-compose-down"
    let first = try await lottery.startServer()
    #expect(await first.line(with: "action: recovery | result: success | bets: 0") != nil)
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
    #expect(await Self.end(of: try lottery.startAgency(1)) == (.exit(82), remedy))
    await first.stop()
    #expect(!first.lines.contains { $0.contains(remedy) })

    let second = try await lottery.startServer()
    let found = await second.line(with: "action: recovery | result: success | bets: 2")
    #expect(found?.hasSuffix(remedy) == true)
    try lottery.write([row, row], of: 1)
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
    #expect(await Self.end(of: try lottery.startAgency(1, Lottery.bet)) == (.exit(65), remedy))
    await second.stop()
  }

  /// How a program ends, and the end of its last line.
  private static func end(
    of program: ProgramProcess
  ) async -> (ChildProcess.Ending?, String) {
    let ending = await program.end()
    let last = program.lines.last ?? ""
    return (ending, String(last.suffix("make docker-compose-down".count)))
  }

  @Test func `a killed server goes on where it was, and its agencies with it`() async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.write(.rows(500, of: 1), of: 1)
    try lottery.write(.rows(300, of: 2), of: 2)
    let first = try await lottery.startServer()
    let waiting = try lottery.startAgency(1)
    // Its last batch: from then on it waits for the other agency.
    await first.line(with: "cantidad: 50")
    first.send(SIGKILL)
    #expect(await first.end() == .killed(by: SIGKILL))
    let second = try await lottery.startServer()
    let late = try lottery.startAgency(2)
    #expect(await waiting.end() == .exit(0))
    #expect(await late.end() == .exit(0))
    #expect(await waiting.line(with: "cant_ganadores: 5") != nil)
    #expect(await late.line(with: "cant_ganadores: 3") != nil)
    await second.stop()
    #expect(try lottery.storedRows(of: 1) == .rows(500, of: 1))
    #expect(try lottery.storedRows(of: 2) == .rows(300, of: 2))
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

  // MARK: Memory, which does not grow with the number of winners

  /// Growth that is allowed, in kB. Kept as strings, the winners below take more than twice as
  /// much.
  private static let growthLimit = 4 * 1024

  @Test func `a server with very many winners keeps their documents alone in memory`() async throws
  {
    let winners = 50_000
    let lottery = try Lottery(agencies: 1)
    let document = String(repeating: "9", count: 20)
    let row = "1,A,B,\(document),1990-01-15,7574\r\n"
    try lottery.leave(bets: String(repeating: row, count: winners))
    let server = try await lottery.startServer()
    let agency = try Peer(port: lottery.port, agency: 1, takesResets: true)
    defer { agency.close() }
    #expect(try await agency.greet()?.stored == UInt64(winners))
    let before = try #require(server.peakMemory)
    try await agency.expect(.confirmed, after: Frames.finished(UInt64(winners)))
    let told = try await agency.askWinners()
    #expect(told.count == winners)
    #expect(told.allSatisfy { $0 == document })
    let growth = try #require(server.peakMemory) - before
    if !isSanitized { #expect(growth < Self.growthLimit) }
    await server.stop()
  }

  @Test func `an agency counts its winners and keeps none of them`() async throws {
    // More bytes than the kernel takes while the agency does not read.
    let (frames, winnersInFrame) = (1500, 380)
    let documents = Array(repeating: String(repeating: "7", count: 20), count: winnersInFrame)
    let frame = ServerMessage.winners(more: true, documents: documents).frame
    let listener = try Listener(port: 0, backlog: 1)
    let directory = TemporaryDirectory()
    // An agency has no more winners than bets.
    let winners = frames * winnersInFrame + 1
    let file = String(repeating: "A,B,1,2000-01-01,7574\n", count: winners)
    let agency = try ProgramProcess(
      "agency-client",
      environment: [
        "CLI_ID": "1", "CLI_SERVER_ADDRESS": "127.0.0.1:\(listener.port)",
        "CLI_DATA_FILE": try directory.path(of: "agency-1.csv", holding: file),
      ])
    let server = try Peer(try #require(try await listener.accept()))
    let last = try Bet(
      firstName: "A", lastName: "B", document: "1", birthdate: "2000-01-01", number: "7574")
    let welcome = ServerMessage.welcome(
      version: 1, state: .drawn, stored: UInt64(winners), lastBet: last)
    try await server.send([welcome, .confirmed].frames)
    try await server.send(frame)
    let before = try #require(agency.peakMemory)
    for _ in 1..<frames { try await server.send(frame) }
    let growth = try #require(agency.peakMemory) - before
    try await server.send(ServerMessage.winners(more: false, documents: ["1"]).frame)
    #expect(await agency.end() == .exit(0))
    #expect(agency.lines.contains { $0.hasSuffix("cant_ganadores: \(winners)") })
    if !isSanitized { #expect(growth < Self.growthLimit) }
    server.close()
    listener.close()
  }
}
