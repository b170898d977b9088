import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct ModeTests {
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
    #expect(
      agency.lines.contains {
        $0.hasSuffix("action: loop_finished | result: success | client_id: 7")
      })
    await server.stop()
  }

  @Test func `echo: SIGTERM in a pause between two lines ends it at once`() async throws {
    let lottery = try Lottery(agencies: 0)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(7, ["CLI_MODE": "echo", "CLI_LOOP_PERIOD": "1h"])
    await agency.line(with: "Message N°1")
    agency.send(SIGTERM)
    #expect(await agency.end() == .exit(0))
    await server.stop()
  }

  @Test func `bet: it is stored, and both sides log it to the letter`() async throws {
    let lottery = try Lottery(agencies: 5)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(
      2,
      [
        "CLI_MODE": "bet", "NOMBRE": "Santiago Lionel", "APELLIDO": "Lorca",
        "DOCUMENTO": "30904465", "NACIMIENTO": "1999-03-17", "NUMERO": "7574",
      ])
    #expect(await agency.end() == .exit(0))
    let sent = "action: apuesta_enviada | result: success | dni: 30904465 | numero: 7574"
    let stored = "action: apuesta_almacenada | result: success | dni: 30904465 | numero: 7574"
    #expect(agency.lines.contains { $0.hasSuffix(sent) })
    #expect(await server.line(with: stored) != nil)
    #expect(try lottery.storedRows(of: 2) == ["Santiago Lionel,Lorca,30904465,1999-03-17,7574\r\n"])
    await server.stop()
  }
}
