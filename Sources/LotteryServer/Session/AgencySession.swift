import LotteryCore

/// The rules of a conversation with one agency (`PROTOCOL.md`, The conversation): messages in,
/// actions out. It does no I/O and knows no clock.
struct AgencySession {
  private enum Phase: Equatable {
    /// HELLO has to come first.
    case greeting
    /// The operator asks, on a connection that is no agency's.
    case tellingStatus
    /// HELLO has come; the claim is being made.
    case claiming
    /// Bets are taken.
    case open
    /// The agency has finished.
    case finished
  }

  /// The agency at the other end, once it has said HELLO; 0 until then.
  private(set) var agency: UInt32 = 0
  /// Batches that have been taken and are not stored yet.
  private(set) var group = BetGroup()

  /// Whether this is not an agency's connection yet, or never.
  var isAnonymous: Bool { agency == 0 }

  /// Batches rejected for a fault of the agency since the last that brought a new bet.
  private(set) var rejectedInARow = 0
  /// Whether those are as many as may be.
  var isStorming: Bool { rejectedInARow >= ProtocolLimits.rejectedInARow }

  private let agencies: UInt32
  private var phase = Phase.greeting
  /// Bets that are stored, and those in ``group``.
  private var accepted: UInt64 = 0

  /// A conversation of a lottery in which the agencies 1 to `agencies` take part.
  init(agencies: UInt32) {
    self.agencies = agencies
  }

  /// Takes the next message: a frame without its header.
  mutating func receive(_ frame: Span<UInt8>) -> SessionAction {
    do throws(WireError) {
      let message = try AgencyMessage(frame: frame)
      switch (phase, message) {
      case (.greeting, .hello(let version, let agency, let key)):
        return hello(version: version, agency: agency, key: key)
      case (.greeting, .statusQuery), (.tellingStatus, .statusQuery):
        phase = .tellingStatus
        return .tellStatus
      case (.greeting, .syncsQuery), (.tellingStatus, .syncsQuery):
        phase = .tellingStatus
        return .tellSyncs
      case (.open, .bets(let batch)), (.finished, .bets(let batch)):
        return try take(batch, in: frame)
      case (.open, .finished(let total)), (.finished, .finished(let total)):
        return finish(total: total)
      case (.finished, .winnersQuery):
        return .awaitDraw
      case (.greeting, _):
        return .fail(.notNow, "HELLO must come first")
      case (.tellingStatus, _):
        return .fail(.notNow, "this connection asks for the status alone")
      case (_, .hello):
        return .fail(.notNow, "HELLO comes only once")
      case (_, .statusQuery), (_, .syncsQuery):
        return .fail(.notNow, "the status is not told on an agency's connection")
      case (_, .winnersQuery):
        return .fail(.notNow, "the winners can be asked for after FINISHED")
      case (.claiming, _):
        return .fail(.notNow, "WELCOME has not been sent yet")
      }
    } catch {
      return .fail(.malformed, error.description)
    }
  }

  /// Answers HELLO, once the claim has been made.
  mutating func welcome(
    stored: UInt64, lastBet: Bet?, hasFinished: Bool, isDrawn: Bool
  ) -> ServerMessage {
    accepted = stored
    phase = hasFinished ? .finished : .open
    let state: AgencyState =
      switch (hasFinished, isDrawn) {
      case (false, _): .open
      case (true, false): .finished
      case (true, true): .drawn
      }
    return .welcome(
      version: ProtocolLimits.version, state: state, stored: stored, lastBet: lastBet)
  }

  /// Answers FINISHED, once that is safe.
  mutating func confirm() -> ServerMessage {
    phase = .finished
    return .confirmed
  }

  /// Ends the group because it is stored.
  ///
  /// - Returns: the one answer to all its batches.
  mutating func groupStored() -> ServerMessage {
    group = BetGroup()
    return .stored(accepted)
  }

  /// Ends the group because it could not be stored: nothing of it ever happened.
  ///
  /// - Returns: an answer for each of its batches, which for one that was stored before is STORED.
  mutating func groupFailed(reason: String) -> [ServerMessage] {
    accepted -= UInt64(group.newBets)
    var code = RejectionCode.notStored
    let answers = group.batches.map { batch in
      if batch.end <= accepted { return ServerMessage.stored(accepted) }
      defer { code = .outOfSequence }
      return ServerMessage.rejected(offset: batch.offset, index: 0, code: code, reason: reason)
    }
    group = BetGroup()
    // The batches in flight are about to be rejected too, and the disk is no fault of the agency.
    rejectedInARow = 0
    return answers
  }

  private mutating func hello(version: UInt8, agency: UInt32, key: String) -> SessionAction {
    guard version == ProtocolLimits.version else {
      return .fail(
        .version, "version \(version): this server speaks \(ProtocolLimits.version)")
    }
    guard agency >= 1, agency <= agencies else {
      return .fail(.unknownAgency, "agency \(agency): must be 1 to \(agencies)")
    }
    self.agency = agency
    phase = .claiming
    return .claim(agency: agency, key: key)
  }

  private mutating func take(
    _ batch: BetBatch, in frame: Span<UInt8>
  ) throws(WireError) -> SessionAction {
    guard batch.offset <= accepted else {
      // Out of sequence, but it must be a message all the same.
      _ = try batch.forEachBet(in: frame) { _, _ in }
      return reject(
        batch, in: frame, .outOfSequence, "offset \(batch.offset): \(accepted) bets are stored")
    }
    let known = Int(min(accepted - batch.offset, UInt64(batch.count)))
    let new = batch.count - known
    if phase == .finished, new > 0 {
      _ = try batch.forEachBet(in: frame) { _, _ in }
      return reject(
        batch, in: frame, .agencyFinished, "the agency finished with \(accepted) bets")
    }
    if let bad = try group.add(batch, agency: agency, known: known, in: frame) {
      return reject(
        batch, in: frame, .ruleBroken, bad.violation.description, index: bad.index)
    }
    accepted += UInt64(new)
    if new > 0 { rejectedInARow = 0 }
    return .gathered
  }

  private mutating func reject(
    _ batch: BetBatch, in frame: Span<UInt8>, _ code: RejectionCode, _ reason: String,
    index: Int = 0
  ) -> SessionAction {
    guard !isStorming else {
      return .fail(.notNow, "\(rejectedInARow) batches rejected in a row")
    }
    rejectedInARow += 1
    return .reject(
      .rejected(offset: batch.offset, index: UInt16(index), code: code, reason: reason),
      bets: batch.count, single: batch.label(in: frame))
  }

  private func finish(total: UInt64) -> SessionAction {
    guard total == accepted else {
      return .fail(.totalsDiffer, "total \(total): \(accepted) bets are stored")
    }
    return phase == .finished ? .reply(.confirmed) : .finish(total: total)
  }
}
