import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct RestartTests {
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
    second.send(SIGTERM)
    #expect(await second.end() == .exit(0))
    #expect(try lottery.storedRows(of: 1) == .rows(500, of: 1))
    #expect(try lottery.storedRows(of: 2) == .rows(300, of: 2))
  }

  @Test func `an agency that is killed and started again stores no bet twice`() async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(.rows(20_000, of: 1), of: 1)
    let server = try await lottery.startServer()
    let first = try lottery.startAgency(1, ["CLI_BATCH_WINDOW": "1"])
    await server.line(with: "cantidad: 150")
    first.send(SIGKILL)
    _ = await first.end()
    let second = try lottery.startAgency(1)
    #expect(await second.end() == .exit(0))
    #expect(await second.line(with: "cant_ganadores: 200") != nil)
    #expect(try lottery.storedRows(of: 1) == .rows(20_000, of: 1))
    await server.stop()
  }

  @Test func `SIGTERM ends a waiting agency and its server well`() async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.write(.rows(10, of: 1), of: 1)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(1)
    await server.line(with: "cantidad: 10")
    agency.send(SIGTERM)
    #expect(await agency.end() == .exit(0))
    #expect(agency.lines.contains { $0.contains("action: close_socket | result: success") })
    #expect(agency.lines.last?.hasSuffix("action: exit | result: success") == true)

    let again = try lottery.startAgency(1)
    await server.line(with: "close_socket")
    await server.stop()
    let endings = [
      "action: close_socket | result: success | socket: listener",
      "action: close_workers | result: success",
      "action: close_file | result: success | file: bets.csv",
      "action: close_file | result: success | file: finished.csv", "action: exit | result: success",
    ]
    for ending in endings { #expect(server.lines.contains { $0.contains(ending) }, "\(ending)") }
    // Before its first line a signal would end it as any process.
    await again.line(with: "action: config")
    again.send(SIGINT)
    #expect(await again.end() == .exit(0))
  }

  @Test func `the newer of two processes of one agency is the one that counts`() async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.write(.rows(10, of: 1), of: 1)
    try lottery.write(.rows(10, of: 2), of: 2)
    let server = try await lottery.startServer()
    let older = try lottery.startAgency(1)
    await server.line(with: "cantidad: 10")
    let newer = try lottery.startAgency(1)
    #expect(await older.end() == .exit(80))
    #expect(await (try lottery.startAgency(2)).end() == .exit(0))
    #expect(await newer.end() == .exit(0))
    await server.stop()
  }

  @Test func `an agency or server that finds bets of an earlier run tells how to delete them`()
    async throws
  {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(.rows(10, of: 1), of: 1)
    let remedy = "make docker-compose-down"
    let first = try await lottery.startServer()
    #expect(await first.line(with: "action: recovery | result: success | bets: 0") != nil)
    for earlier in 0...1 {
      let agency = try lottery.startAgency(1, Self.bet)
      #expect(await agency.end() == .exit(0))
      let notes = agency.lines.filter { $0.contains("action: earlier_bets | result: success") }
      #expect(
        notes.map { $0.contains("cantidad: 1 | note: ") } == Array(repeating: true, count: earlier))
      #expect(notes.allSatisfy { $0.contains(remedy) })
    }
    let lost = try lottery.startAgency(1)
    #expect(await lost.end() == .exit(82))
    #expect(lost.lines.last?.contains("status: 82") == true)
    #expect(lost.lines.last?.hasSuffix(remedy) == true)
    await first.stop()
    #expect(!first.lines.contains { $0.contains(remedy) })

    let second = try await lottery.startServer()
    #expect(
      await second.line(with: "action: recovery | result: success | bets: 2")?.hasSuffix(remedy)
        == true)
    await second.stop()
  }

  @Test func `a bet after the lottery is told how to begin a new one`() async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(.rows(10, of: 1), of: 1)
    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
    let late = try lottery.startAgency(1, Self.bet)
    #expect(await late.end() == .exit(65))
    #expect(late.lines.last?.contains("status: 65") == true)
    #expect(late.lines.last?.hasSuffix("make docker-compose-down") == true)
    await server.stop()
  }

  private static let bet = [
    "CLI_MODE": "bet", "NOMBRE": "Santiago Lionel", "APELLIDO": "Lorca",
    "DOCUMENTO": "30904465", "NACIMIENTO": "1999-03-17", "NUMERO": "7574",
  ]
}
