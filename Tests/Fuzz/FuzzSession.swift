@testable import LotteryProtocol
@testable import LotteryServer

/// Connections of two agencies, one after the other, with any messages and any luck with the disk:
/// every answer is the one of the contract (`PROTOCOL.md`, The conversation), and what is stored is
/// every bet once and in order.
func fuzzSession(_ bytes: [UInt8]) {
  var run = SessionRun(bytes)
  while run.step() {}
  run.model.checkStored()
}

/// The session under test next to its model. Does what ``AgencyService`` does around a session.
private struct SessionRun {
  var input: FuzzInput
  var session = ServerSession(agencies: SessionModel.agencies)
  var model = SessionModel()

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
      model.isHonest = false
      receive(input.take(Int(input.next())))
    }
    return true
  }

  private mutating func disconnect() {
    session = ServerSession(agencies: SessionModel.agencies)
    model.disconnect()
  }

  private mutating func receive(_ frame: [UInt8]) {
    let action = session.receive(frame.span)
    expectEqual(ModelAnswer(action), model.answer(to: frame), "\(frame)")
    if case .gathered = action {
      model.gather(frame)
    } else if storeGroup() {
      perform(action)
    }
  }

  private mutating func perform(_ action: SessionAction) {
    switch action {
    case .claim(let agency, _):
      let (stored, lastBet, hasFinished) = model.standing(of: agency)
      let welcome = session.welcome(
        Claim(agency: agency, order: 0) {}, stored: stored, lastBet: lastBet,
        hasFinished: hasFinished, isDrawn: model.isDrawn)
      expectEqual(welcome, model.welcome(agency), "HELLO of agency \(agency)")
    case .finish(let total, let claim):
      expectEqual(Int(total), model.stored.count, "finished with another total")
      guard luck() else { return disconnect() }
      expectEqual(session.confirm(claim), .confirmed, "FINISHED")
      model.finish()
    case .fail, .reject: disconnect()
    case .tellStatus: model.phase = .tellingStatus
    case .gathered, .reply, .awaitDraw: break
    }
  }

  /// Stores the group, or fails to, which ends the connection; true where nothing of it was lost.
  @discardableResult
  private mutating func storeGroup() -> Bool {
    expectEqual(session.pending.isEmpty, model.batches.isEmpty, "whether there is a group")
    guard !session.pending.isEmpty else { return true }
    expectEqual(session.pending.rows, rows(model.pending), "the rows of the group")
    expectEqual(session.pending.lastRow, rows(model.pending.suffix(1)), "the last row")
    expectEqual(session.pending.newBets, model.pending.count, "the bets of the group")
    // A group without new bets takes no luck.
    guard session.pending.newBets == 0 || luck() else {
      let answers = session.pendingFailed(reason: "")
      expectEqual(answers, model.pendingFailed(), "a group that could not be stored")
      disconnect()
      return false
    }
    expectEqual(session.pendingStored(), model.pendingStored(), "a group that was stored")
    return true
  }

  private mutating func luck() -> Bool { input.next(below: 4) > 0 }

  private func rows(_ bets: some Sequence<Bet>) -> [UInt8] {
    bets.reduce(into: []) { rows, bet in
      rows.append(csvRow: bet, agency: session.claim?.agency ?? 0)
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
    let offset = UInt64(max(0, model.accepted + input.next(below: 8) - 5))
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
    let total = model.accepted + (input.next(below: 8) == 0 ? 1 : 0)
    var frame = [MessageType.finished.rawValue]
    frame.append(bigEndian: UInt64(total))
    return frame
  }
}
