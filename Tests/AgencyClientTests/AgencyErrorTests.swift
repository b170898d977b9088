import Glibc
import LotteryCore
import LotteryProtocol
import ProcessSupport
import Testing

@testable import AgencyClient

@Suite("What ends an agency")
struct AgencyErrorTests {
  typealias Status = ProcessSupport.ExitStatus

  private static let broken = SystemError("read", code: EIO)

  @Test(
    "each error has its exit status",
    arguments: [
      (.cancelled, .success),
      (.unreachable("a:1: nobody"), .unavailable),
      (.disconnected("reset"), .unavailable),
      (.rejected(.ruleBroken, offset: 0, index: 0, reason: ""), .badData),
      (.rejected(.agencyFinished, offset: 0, index: 0, reason: ""), .badData),
      (.unexpected("WELCOME"), .protocolError),
      (.unreadable(path: "a.csv", broken), .noInput),
      (.notAFile(path: "a.csv"), .noInput),
      (.badRow(path: "a.csv", line: 1, reason: ""), .badData),
      (.badBet(BetRuleViolation(.document, value: "x", rule: "")), .badData),
      (.otherFile(path: "a.csv", reason: ""), .otherFile),
      (.noAnswer(waitedFor: "STORED"), .unavailable),
      (.inDoubt(.disconnected("")), .inDoubt),
      (.inDoubt(.overtaken(offset: 1, stored: 3)), .inDoubt),
      (.gaveUp(after: "1m0s", .refused(.shuttingDown, reason: "")), .unavailable),
    ] as [(AgencyError, Status)])
  func exitStatus(error: AgencyError, status: Status) {
    #expect(error.exitStatus == status)
  }

  @Test(
    "each ERROR of the server has its exit status, and two of them go away",
    arguments: [
      (.malformed, .protocolError, false), (.version, .protocolError, false),
      (.unknownAgency, .unknownAgency, false), (.wrongKey, .noPermission, false),
      (.notNow, .protocolError, false), (.totalsDiffer, .otherFile, false),
      (.superseded, .superseded, false), (.shuttingDown, .unavailable, true),
      (.tooSlow, .unavailable, true),
    ] as [(ErrorCode, Status, Bool)])
  func refusals(code: ErrorCode, status: Status, isTransient: Bool) {
    let error = AgencyError.refused(code, reason: "why")
    #expect(error.exitStatus == status)
    #expect(error.isTransient == isTransient)
    #expect(error.description == "the server refused (ERROR \(code.rawValue)): why")
  }

  @Test(
    "a rejection goes away where it is not the bet's fault",
    arguments: zip(RejectionCode.allCases, [false, true, true, false]))
  func rejections(code: RejectionCode, isTransient: Bool) {
    let error = AgencyError.rejected(code, offset: 150, index: 7, reason: "why")
    #expect(error.isTransient == isTransient)
    #expect(
      error.description == "the server rejected bet 157 (REJECTED \(code.rawValue)): why")
  }

  @Test("of the others only a connection that is missing or lost goes away")
  func transient() {
    #expect(AgencyError.unreachable("").isTransient)
    #expect(AgencyError.disconnected("").isTransient)
    let lasting: [AgencyError] = [
      .cancelled, .unexpected(""), .unreadable(path: "", Self.broken),
      .badRow(path: "", line: 1, reason: ""), .otherFile(path: "", reason: ""),
      .badBet(BetRuleViolation(.document, value: "x", rule: "")),
      .notAFile(path: ""), .noAnswer(waitedFor: ""), .inDoubt(.disconnected("")),
      .overtaken(offset: 1, stored: 3), .gaveUp(after: "", .disconnected("")),
    ]
    for error in lasting { #expect(!error.isTransient, "\(error)") }
  }

  @Test("a bet in doubt says so, and why")
  func inDoubt() {
    let error = AgencyError.inDoubt(.overtaken(offset: 1, stored: 4))
    #expect(
      error.description
        == "unknown whether the bet is stored: it was sent as bet 1, and the server's last bet is 3"
    )
  }

  @Test("giving up names the time and the last reason")
  func gaveUp() {
    let error = AgencyError.gaveUp(after: "1m0s", .disconnected("the server closed it"))
    #expect(
      error.description
        == "gave up after 1m0s without progress: the connection ended: the server closed it")
  }
}
