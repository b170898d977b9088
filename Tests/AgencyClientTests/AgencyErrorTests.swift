import Glibc
import LotteryProtocol
import ProcessSupport
import Testing

@testable import AgencyClient

@Suite struct AgencyErrorTests {
  typealias Status = ProcessSupport.ExitStatus

  private static let broken = SystemError("read", code: EIO)
  private static let hint =
    "; for a new lottery, delete the server's bets: make docker-compose-down"

  @Test(
    arguments: [
      (.cancelled, .success),
      (.unreachable("a:1: refused"), .unavailable),
      (.disconnected("reset"), .unavailable),
      (.rejected(.ruleBroken, offset: 0, index: 0, reason: ""), .badData),
      (.rejected(.agencyFinished, offset: 0, index: 0, reason: ""), .badData),
      (.unexpected("WELCOME"), .protocolError),
      (.unreadable(path: "a.csv", broken), .noInput),
      (.notAFile(path: "a.csv"), .noInput),
      (.changed(path: "a.csv"), .noInput),
      (.badRow(path: "a.csv", line: 1, reason: ""), .badData),
      (.unset(variable: "NOMBRE"), .badData),
      (.badBet(BetRuleViolation(.document, value: "x", rule: "")), .badData),
      (.otherFile(path: "a.csv", reason: ""), .otherFile),
      (.noAnswer(waitedFor: "STORED"), .unavailable),
      (.inDoubt(.disconnected("")), .inDoubt),
      (.inDoubt(.overtaken(offset: 1, stored: 3)), .inDoubt),
      (.gaveUp(after: "1m0s", .refused(.shuttingDown, reason: "")), .unavailable),
    ] as [(AgencyError, Status)])
  func `each error has its exit status`(error: AgencyError, status: Status) {
    #expect(error.exitStatus == status)
  }

  @Test(
    arguments: [
      (.malformed, .protocolError, false), (.version, .protocolError, false),
      (.unknownAgency, .unknownAgency, false), (.wrongKey, .noPermission, false),
      (.notNow, .protocolError, false), (.totalsDiffer, .otherFile, false),
      (.superseded, .superseded, false), (.shuttingDown, .unavailable, true),
      (.tooSlow, .unavailable, true),
    ] as [(ErrorCode, Status, Bool)])
  func `each ERROR of the server has its exit status, and two are transient`(
    code: ErrorCode, status: Status, isTransient: Bool
  ) {
    let error = AgencyError.refused(code, reason: "why")
    #expect(error.exitStatus == status)
    #expect(error.isTransient == isTransient)
    let hint = code == .totalsDiffer ? Self.hint : ""
    #expect(error.description == "the server refused (ERROR \(code.rawValue)): why\(hint)")
  }

  @Test(arguments: zip(RejectionCode.allCases, [false, true, true, false]))
  func `a rejection is transient unless the bet is at fault`(
    code: RejectionCode, isTransient: Bool
  ) {
    let error = AgencyError.rejected(code, offset: 150, index: 7, reason: "why")
    #expect(error.isTransient == isTransient)
    let hint = code == .agencyFinished ? Self.hint : ""
    #expect(
      error.description == "the server rejected bet 157 (REJECTED \(code.rawValue)): why\(hint)")
  }

  @Test func `another file's bets are named, and how to delete them`() {
    #expect(
      AgencyError.otherFile(path: "a.csv", reason: "why").description
        == "a.csv: not the file that this agency began with: why\(Self.hint)")
  }

  @Test func `of the others only a missing or lost connection is transient`() {
    #expect(AgencyError.unreachable("").isTransient)
    #expect(AgencyError.disconnected("").isTransient)
    let lasting: [AgencyError] = [
      .cancelled, .unexpected(""), .unreadable(path: "", Self.broken),
      .badRow(path: "", line: 1, reason: ""), .otherFile(path: "", reason: ""),
      .badBet(BetRuleViolation(.document, value: "x", rule: "")),
      .unset(variable: "NOMBRE"),
      .notAFile(path: ""), .changed(path: ""), .noAnswer(waitedFor: ""),
      .inDoubt(.disconnected("")),
      .overtaken(offset: 1, stored: 3), .gaveUp(after: "", .disconnected("")),
    ]
    for error in lasting { #expect(!error.isTransient, "\(error)") }
  }

  @Test func `a bet in doubt says so, and why`() {
    let error = AgencyError.inDoubt(.overtaken(offset: 1, stored: 4))
    #expect(
      error.description
        == "unknown whether the bet is stored: it was sent as bet 1, and the server's last bet is 3"
    )
  }

  @Test func `giving up names the time and the last reason`() {
    let error = AgencyError.gaveUp(after: "1m0s", .disconnected("the server closed it"))
    #expect(
      error.description
        == "gave up after 1m0s without progress: the connection ended: the server closed it")
  }
}
