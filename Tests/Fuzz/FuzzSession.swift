@testable import LotteryProtocol
@testable import LotteryServer

/// Connections of two agencies, one after the other, with any messages and any luck with the disk:
/// every answer is the one of the contract (`PROTOCOL.md`, The conversation), and what is stored is
/// every bet once and in order.
func fuzzSession(_ bytes: [UInt8]) {
  var run = SessionRun(bytes)
  while run.step() {}
}

/// A session beside what the contract says of it. Does what ``AgencyService`` does around a
/// session.
private struct SessionRun {
  private enum Phase { case greeting, tellingStatus, open, finished }

  private static let agencies: UInt32 = 2

  private var input: FuzzInput
  private var session = ServerSession(agencies: agencies)
  /// Whether each bet bears its place in the agency's file as its number, so that the rows are
  /// known.
  private var isHonest = true

  // The connection.
  private var phase = Phase.greeting
  private var claim = Claim(agency: 0, order: 0) {}
  /// Where the batches that wait to be stored begin and end.
  private var batches: [Range<UInt64>] = []
  /// Bets that are stored, and those in ``batches``.
  private var accepted: UInt64 = 0

  // What outlives it.
  private var bets: [UInt32: UInt64] = [:]
  private var hasFinished: Set<UInt32> = []

  private var agency: UInt32 { claim.agency }
  private var stored: UInt64 { bets[agency, default: 0] }

  init(_ bytes: [UInt8]) {
    input = FuzzInput(bytes)
  }

  /// Takes one decision; false if there is none left.
  mutating func step() -> Bool {
    guard !input.isEmpty else { return false }
    switch input.next(below: 8) {
    case 0: disconnect()
    case 1: receive(hello())
    case 2, 3: receive(batch())
    case 4: receive(finished())
    case 5: receive([MessageType.winnersQuery.rawValue])
    case 6: storeGroup()
    default:
      isHonest = false
      receive(input.take(Int(input.next())))
    }
    return true
  }

  private mutating func disconnect() {
    session = ServerSession(agencies: Self.agencies)
    (phase, batches, accepted) = (.greeting, [], 0)
  }

  private mutating func receive(_ frame: [UInt8]) {
    let message = try? AgencyMessage(frame: frame.span)
    let action = session.receive(frame.span)
    let expected = message.map { answer(to: $0, in: frame) } ?? .fail(.malformed, "")
    expectEqual(action.withoutTexts, expected, "\(frame)")
    if case .gathered = action, case .bets(let batch) = message {
      batches.append(batch.offset..<(batch.offset + UInt64(batch.count)))
      accepted = max(accepted, batch.offset + UInt64(batch.count))
    } else if storeGroup() {
      perform(action)
    }
  }

  private mutating func perform(_ action: SessionAction) {
    switch action {
    case .claim(let agency, _):
      claim = Claim(agency: agency, order: 0) {}
      accepted = stored
      phase = hasFinished.contains(agency) ? .finished : .open
      let isDrawn = hasFinished.count == Self.agencies
      let state: AgencyState = phase == .open ? .open : isDrawn ? .drawn : .finished
      let welcome = session.welcome(
        claim, stored: stored, lastBet: nil, hasFinished: phase == .finished, isDrawn: isDrawn)
      expectEqual(
        welcome, .welcome(version: 1, state: state, stored: stored, lastBet: nil), "HELLO")
    case .finish(let total, let claim):
      expectEqual(total, stored, "finished with another total")
      guard luck() else { return disconnect() }
      expectEqual(session.confirm(claim), .confirmed, "FINISHED")
      phase = .finished
      hasFinished.insert(agency)
    case .fail, .reject: disconnect()
    case .tellStatus: phase = .tellingStatus
    case .gathered, .reply, .awaitDraw: break
    }
  }

  /// Stores the group, or fails to, which ends the connection; true where nothing of it was lost.
  @discardableResult
  private mutating func storeGroup() -> Bool {
    expectEqual(session.pending.isEmpty, batches.isEmpty, "whether there is a group")
    guard !session.pending.isEmpty else { return true }
    expectEqual(session.pending.newBets, Int(accepted - stored), "the bets of the group")
    if isHonest {
      expectEqual(session.pending.rows, rows(stored..<accepted), "the rows of the group")
      let last = rows((stored..<accepted).suffix(1))
      expectEqual(session.pending.lastRow, last, "the last row")
    }
    // A group without new bets takes no luck.
    guard accepted == stored || luck() else {
      let old = batches.prefix { $0.upperBound <= stored }
      let failed = ServerMessage.rejected(
        offset: batches[old.count].lowerBound, index: 0, code: .notStored, reason: "")
      expectEqual(
        session.pendingFailed(reason: ""), (old.isEmpty ? [] : [.stored(stored)]) + [failed],
        "a group that could not be stored")
      disconnect()
      return false
    }
    bets[agency] = accepted
    batches = []
    expectEqual(session.pendingStored(), .stored(accepted), "a group that was stored")
    return true
  }

  private mutating func luck() -> Bool { input.next(below: 4) > 0 }

  /// The rows of honest bets.
  private func rows(_ numbers: Range<UInt64>) -> [UInt8] {
    numbers.flatMap { Array("\(agency),,,7,1999-03-17,\($0)\r\n".utf8) }
  }
}

/// What the contract says.
extension SessionRun {
  private func answer(to message: AgencyMessage, in frame: [UInt8]) -> SessionAction {
    switch (phase, message) {
    case (.greeting, .otherVersion): .fail(.version, "")
    case (.greeting, .hello(let agency, _)):
      (1...Self.agencies).contains(agency)
        ? .claim(agency: agency, key: "") : .fail(.unknownAgency, "")
    case (.greeting, .statusQuery), (.tellingStatus, .statusQuery): .tellStatus
    case (.open, .bets(let batch)), (.finished, .bets(let batch)): answer(to: batch, in: frame)
    case (.open, .finished(accepted)): .finish(total: accepted, by: claim)
    case (.finished, .finished(accepted)): .reply(.confirmed)
    case (.open, .finished), (.finished, .finished): .fail(.totalsDiffer, "")
    case (.finished, .winnersQuery): .awaitDraw(agency: agency)
    default: .fail(.notNow, "")
    }
  }

  private func answer(to batch: BetBatch, in frame: [UInt8]) -> SessionAction {
    func rejected(_ code: RejectionCode, at index: Int = 0) -> SessionAction {
      .reject(
        .rejected(offset: batch.offset, index: UInt16(index), code: code, reason: ""), of: agency,
        bets: batch.count, single: nil)
    }
    let known = Int(accepted) - Int(clamping: batch.offset)
    do throws(WireError) {
      let bad = try batch.forEachBet(after: max(0, known), in: frame.span) { _, _ in }
      if known < 0 { return rejected(.outOfSequence) }
      if phase == .finished, known < batch.count { return rejected(.agencyFinished) }
      return bad.map { rejected(.ruleBroken, at: $0.index) } ?? .gathered
    } catch {
      return .fail(.malformed, "")
    }
  }
}

extension SessionAction {
  fileprivate var withoutTexts: SessionAction {
    switch self {
    case .claim(let agency, _): .claim(agency: agency, key: "")
    case .reject(.rejected(let offset, let index, let code, _), let agency, let bets, _):
      .reject(
        .rejected(offset: offset, index: index, code: code, reason: ""), of: agency, bets: bets,
        single: nil)
    case .fail(let code, _): .fail(code, "")
    default: self
    }
  }
}

/// The frames, headers left out, that an agency might send.
extension SessionRun {
  private mutating func hello() -> [UInt8] {
    let version: UInt8 = input.next(below: 16) == 0 ? 2 : 1
    return [MessageType.hello.rawValue, version, 0, 0, 0, UInt8(input.next(below: 4)), 0]
  }

  /// Bets at, before or after the place where the next ones belong. Each bears its place in the
  /// agency's file as its number.
  private mutating func batch() -> [UInt8] {
    let offset = UInt64(max(0, Int(accepted) + input.next(below: 8) - 5))
    let isSingle = input.next(below: 4) == 0
    let count = isSingle ? 1 : 1 + input.next(below: 4)
    let bad = input.next(below: 8)
    var frame = [(isSingle ? MessageType.bet : .batch).rawValue]
    frame.append(bigEndian: offset)
    if !isSingle { frame.append(bigEndian: UInt16(count)) }
    for index in 0..<count {
      let document = UInt8(ascii: index == bad ? "x" : "7")
      frame += [0, 0, 1, document, 0x07, 0xCF, 3, 17]
      frame.append(bigEndian: UInt32(truncatingIfNeeded: offset) + UInt32(index))
    }
    return frame
  }

  private mutating func finished() -> [UInt8] {
    let total = accepted + (input.next(below: 8) == 0 ? 1 : 0)
    var frame = [MessageType.finished.rawValue]
    frame.append(bigEndian: total)
    return frame
  }
}
