import Glibc
import LotteryProtocol
import ProcessSupport
import Testing

@testable import AgencyClient

@Suite struct AgencyErrorTests {
  typealias Status = ProcessSupport.ExitStatus

  private static let violation = BetRuleViolation(.document, value: "x".utf8.span, rule: "")
  private static let hint =
    "; for a new lottery, delete the server's bets: make docker-compose-down"

  @Test(
    arguments: [
      (.cancelled, .success, false), (.unreachable("refused"), .unavailable, true),
      (.disconnected("reset"), .unavailable, true), (.unexpected("WELCOME"), .protocolError, false),
      (.unreadable(path: "a", SystemError("read", code: EIO)), .noInput, false),
      (.notAFile(path: "a"), .noInput, false), (.changed(path: "a"), .noInput, false),
      (.badRow(path: "a", line: 1, reason: ""), .badData, false),
      (.unset(variable: "NOMBRE"), .badData, false), (.badBet(violation), .badData, false),
      (.otherFile(path: "a", reason: ""), .otherFile, false),
      (.noAnswer(waitedFor: "STORED"), .unavailable, false),
      (.inDoubt(.disconnected("")), .inDoubt, false),
      (.overtaken(offset: 1, stored: 3), .inDoubt, false),
      (.gaveUp(after: "1m0s", .refused(.shuttingDown, reason: "")), .unavailable, false),
      (.refused(.malformed, reason: ""), .protocolError, false),
      (.refused(.version, reason: ""), .protocolError, false),
      (.refused(.unknownAgency, reason: ""), .unknownAgency, false),
      (.refused(.wrongKey, reason: ""), .noPermission, false),
      (.refused(.notNow, reason: ""), .protocolError, false),
      (.refused(.totalsDiffer, reason: ""), .otherFile, false),
      (.refused(.superseded, reason: ""), .superseded, false),
      (.refused(.shuttingDown, reason: ""), .unavailable, true),
      (.refused(.tooSlow, reason: ""), .unavailable, true),
      (.rejected(.ruleBroken, offset: 0, index: 0, reason: ""), .badData, false),
      (.rejected(.notStored, offset: 0, index: 0, reason: ""), .badData, true),
      (.rejected(.outOfSequence, offset: 0, index: 0, reason: ""), .badData, true),
      (.rejected(.agencyFinished, offset: 0, index: 0, reason: ""), .badData, false),
    ] as [(AgencyError, Status, Bool)])
  func `each error has its exit status, and a retry helps where the cause may pass`(
    error: AgencyError, status: Status, isTransient: Bool
  ) {
    #expect(error.exitStatus == status)
    #expect(error.isTransient == isTransient)
  }

  @Test(
    arguments: [
      (.refused(.tooSlow, reason: "why"), "the server refused (ERROR 9): why"),
      (.refused(.totalsDiffer, reason: "why"), "the server refused (ERROR 6): why" + hint),
      (
        .rejected(.ruleBroken, offset: 150, index: 7, reason: "why"),
        "the server rejected bet 157 (REJECTED 1): why"
      ),
      (
        .rejected(.agencyFinished, offset: .max, index: 1, reason: "why"),
        "the server rejected bet 0 (REJECTED 4): why" + hint
      ),
      (
        .otherFile(path: "a", reason: "why"),
        "a: not the file that this agency began with: why" + hint
      ),
      (
        .inDoubt(.overtaken(offset: 1, stored: 4)),
        "unknown whether the bet is stored: it was sent as bet 1, and the server's last bet is 3"
      ),
      (
        .gaveUp(after: "1m0s", .disconnected("the server closed it")),
        "gave up after 1m0s without progress: the connection ended: the server closed it"
      ),
    ] as [(AgencyError, String)])
  func `a line says what happened, and what to do`(error: AgencyError, line: String) {
    #expect(error.description == line)
  }
}
