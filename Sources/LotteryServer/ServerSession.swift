// The rules of a conversation with one agency (`PROTOCOL.md`, The conversation): messages in,
// actions out. A session performs no I/O and knows no clock, so that every rule can be tested
// without a socket or a disk.
//
// The service (`AgencyService`) hands each frame to `receive` and does what the action says. Some
// actions need an answer from elsewhere. The service reports it with a second call, which returns
// what to send: `claim` → `welcome`, `finish` → `confirm`. Until then the phase does not change,
// and the service hands no other frame to `receive`.
//
//                 HELLO     BATCH, BET       FINISHED   WINNERS?    STATUS?
//   greeting      claim     ERROR 5          ERROR 5    ERROR 5     tellStatus
//                                                                   → tellingStatus
//     `welcome`: → open, or → finished if the agency had finished before
//   tellingStatus ERROR 5   ERROR 5          ERROR 5    ERROR 5     tellStatus
//   open          ERROR 5   gathered,        finish     ERROR 5     ERROR 5
//                           or REJECTED
//     `confirm`: → finished
//   finished      ERROR 5   gathered if it   CONFIRMED  awaitDraw   ERROR 5
//                           brings nothing
//                           new, or REJECTED
//
// In every phase a message that cannot be decoded gets ERROR 1. A HELLO may also get ERROR 2 or 3,
// and a FINISHED with another total than the server has gets ERROR 6. Every ERROR and every
// REJECTED ends the conversation: nothing that comes after it is judged.
//
// Batches are not stored one by one. They gather in `pending` and are stored together, after the
// service has handled all frames that arrived. `accepted` counts them already, so that the next
// batch can be checked against it. `pendingStored` answers all of them with one cumulative STORED.
// If they cannot be stored, the answer is that of `pendingFailed`, and the conversation ends.

import LotteryProtocol

/// What a message of an agency asks the server to do.
enum SessionAction: Equatable {
  /// The batch is pending. More may join before it is stored.
  case gathered
  /// Make this connection the one that speaks for `agency`, then answer HELLO.
  case claim(agency: UInt32, key: String)
  /// Answer, and go on.
  case reply(ServerMessage)
  /// Refuse a batch of `bets` bets of `agency` with REJECTED, and close. `single` is the label of a
  /// BET.
  case reject(ServerMessage, of: UInt32, bets: Int, single: BetBatch.Label?)
  /// Note that the agency has finished, then confirm.
  case finish(total: UInt64, by: Claim)
  /// Wait for the draw, then send the winners of `agency`.
  case awaitDraw(agency: UInt32)
  /// Send the lottery's status, and go on.
  case tellStatus
  /// Send ERROR, and close.
  case fail(ErrorCode, String)
}

struct ServerSession {
  private enum Phase {
    /// HELLO has to come first.
    case greeting
    /// The operator asks for the status, on a connection of no agency.
    case tellingStatus
    /// Bets are taken.
    case open(Claim)
    case finished(Claim)
  }

  /// Batches that are accepted and not stored yet.
  private(set) var pending = PendingBets()

  private let agencies: UInt32
  private var phase = Phase.greeting
  /// Bets that are stored, and those in ``pending``.
  private var accepted: UInt64 = 0
  /// The claim with which the agency was welcomed. It may be lost since.
  var claim: Claim? {
    switch phase {
    case .greeting, .tellingStatus: nil
    case .open(let claim), .finished(let claim): claim
    }
  }

  var stored: UInt64 { accepted - UInt64(pending.newBets) }

  /// - Parameter agencies: how many take part, numbered from 1.
  init(agencies: UInt32) {
    self.agencies = agencies
  }

  /// - Parameter frame: the next message, without the header.
  mutating func receive(_ frame: Span<UInt8>) -> SessionAction {
    do throws(WireError) {
      let message = try AgencyMessage(frame: frame)
      switch (phase, message) {
      case (.greeting, .hello(let agency, let key)):
        guard agency >= 1, agency <= agencies else {
          return .fail(.unknownAgency, "agency \(agency): must be 1 to \(agencies)")
        }
        return .claim(agency: agency, key: key)
      case (.greeting, .otherVersion(let version)):
        return .fail(
          .version, "version \(version): this server speaks \(ProtocolLimits.version)")
      case (.greeting, .statusQuery), (.tellingStatus, .statusQuery):
        phase = .tellingStatus
        return .tellStatus
      case (.open(let claim), .bets(let batch)):
        return try take(batch, of: claim.agency, in: frame)
      case (.finished(let claim), .bets(let batch)):
        return try take(batch, of: claim.agency, hasFinished: true, in: frame)
      case (.open(let claim), .finished(let total)):
        return total == accepted ? .finish(total: total, by: claim) : totalsDiffer(total)
      case (.finished, .finished(let total)):
        return total == accepted ? .reply(.confirmed) : totalsDiffer(total)
      case (.finished(let claim), .winnersQuery):
        return .awaitDraw(agency: claim.agency)
      case (.greeting, _):
        return .fail(.notNow, "HELLO must come first")
      case (.tellingStatus, _):
        return .fail(.notNow, "this connection asks for the status alone")
      case (_, .hello), (_, .otherVersion):
        return .fail(.notNow, "HELLO may be sent only once")
      case (_, .statusQuery):
        return .fail(.notNow, "the status is not told on an agency's connection")
      case (.open, .winnersQuery):
        return .fail(.notNow, "WINNERS? must come after FINISHED")
      }
    } catch {
      return .fail(.malformed, error.description)
    }
  }

  /// Answers HELLO, once `claim` has been made.
  mutating func welcome(
    _ claim: Claim, stored: UInt64, lastBet: Bet?, hasFinished: Bool, isDrawn: Bool
  ) -> ServerMessage {
    accepted = stored
    phase = hasFinished ? .finished(claim) : .open(claim)
    return .welcome(
      version: ProtocolLimits.version, state: !hasFinished ? .open : isDrawn ? .drawn : .finished,
      stored: stored, lastBet: lastBet)
  }

  /// Answers FINISHED, once that is safe.
  mutating func confirm(_ claim: Claim) -> ServerMessage {
    phase = .finished(claim)
    return .confirmed
  }

  /// Notes that the pending bets are stored, and answers all their batches.
  ///
  /// - Parameter keepsRoom: whether the next ones get the same memory.
  mutating func pendingStored(keepsRoom: Bool = false) -> ServerMessage {
    if keepsRoom { pending.removeAll() } else { pending = PendingBets() }
    return .stored(accepted)
  }

  /// Answers the pending bets if they could not be stored: REJECTED for the first batch of them
  /// with new bets, and STORED for those before it.
  func pendingFailed(reason: String) -> [ServerMessage] {
    guard let first = pending.batches.firstIndex(where: { $0.newBets > 0 }) else { return [] }
    let rejected = ServerMessage.rejected(
      offset: pending.batches[first].offset, index: 0, code: .notStored, reason: reason)
    return first > 0 ? [.stored(stored), rejected] : [rejected]
  }

  private mutating func take(
    _ batch: BetBatch, of agency: UInt32, hasFinished: Bool = false, in frame: Span<UInt8>
  ) throws(WireError) -> SessionAction {
    guard batch.offset <= accepted else {
      // A body that cannot be decoded outweighs a wrong offset.
      _ = try batch.forEachBet(in: frame) { _, _ in }
      return reject(
        batch, of: agency, in: frame, .outOfSequence,
        "offset \(batch.offset): \(accepted) bets are stored")
    }
    let known = Int(min(accepted - batch.offset, UInt64(batch.count)))
    let new = batch.count - known
    if hasFinished, new > 0 {
      _ = try batch.forEachBet(in: frame) { _, _ in }
      return reject(
        batch, of: agency, in: frame, .agencyFinished,
        "the agency finished with \(accepted) bets")
    }
    if let bad = try pending.add(batch, agency: agency, known: known, in: frame) {
      return reject(
        batch, of: agency, in: frame, .ruleBroken, bad.violation.description, index: bad.index)
    }
    accepted += UInt64(new)
    return .gathered
  }

  private func reject(
    _ batch: BetBatch, of agency: UInt32, in frame: Span<UInt8>, _ code: RejectionCode,
    _ reason: String, index: Int = 0
  ) -> SessionAction {
    .reject(
      .rejected(offset: batch.offset, index: UInt16(index), code: code, reason: reason),
      of: agency, bets: batch.count, single: batch.label(in: frame))
  }

  private func totalsDiffer(_ total: UInt64) -> SessionAction {
    .fail(.totalsDiffer, "total \(total): \(accepted) bets are stored")
  }
}

/// Batches of one agency that have been checked and are not stored yet. They are stored together.
struct PendingBets: Sendable {
  struct Batch: Sendable, Equatable {
    /// Bets of this agency that precede it.
    var offset: UInt64
    var count: Int
    /// Its bets that are in no earlier batch: fewer than ``count``, or none, if it was sent twice.
    var newBets: Int
    /// Document and number of the bet if it came as a BET, for the log.
    var single: BetBatch.Label?

    var end: UInt64 { offset + UInt64(count) }
  }

  private(set) var rows: [UInt8] = []
  private(set) var batches: [Batch] = []
  /// Bets in ``rows``. Equals the sum of `newBets` over ``batches``.
  private(set) var newBets = 0

  /// Where the last row begins in ``rows``.
  private var lastRowStart = 0

  /// The size, in bytes, of ``rows`` or of ``batches`` from which on no batch is added until these
  /// are stored. ``batches`` counts too, because a batch that was sent twice adds no rows.
  ///
  /// This limits the memory of one connection, and ``Server/memoryLimit`` that of all together.
  static let sizeLimit = 256 * 1024

  var isEmpty: Bool { batches.isEmpty }
  var isFull: Bool { max(rows.count, batches.count * Self.batchSize) >= Self.sizeLimit }
  var memory: Int { rows.capacity + batches.capacity * Self.batchSize }

  private static let batchSize = MemoryLayout<Batch>.stride

  var lastRow: [UInt8] { Array(rows[lastRowStart...]) }

  /// Forgets all batches. Their memory is used again if nothing else holds it.
  mutating func removeAll() {
    rows.removeAll(keepingCapacity: rows.capacity <= 2 * Self.sizeLimit)
    batches.removeAll(keepingCapacity: true)
    (newBets, lastRowStart) = (0, 0)
  }

  /// Adds a batch, all of it or nothing. Its first `known` bets are passed over: the server has
  /// them.
  ///
  /// - Returns: the first bad bet. Then the batch is not added.
  /// - Throws: ``WireError`` if the bytes are no bets. Then the batch is not added.
  mutating func add(
    _ batch: BetBatch, agency: UInt32, known: Int, in frame: Span<UInt8>
  ) throws(WireError) -> BetBatch.BadBet? {
    let (size, last) = (rows.count, lastRowStart)
    var isTaken = false
    defer {
      if !isTaken {
        rows.removeLast(rows.count - size)
        lastRowStart = last
      }
    }
    let bad = try batch.appendRows(
      of: agency, after: known, in: frame, to: &rows, lastRow: &lastRowStart)
    if let bad { return bad }
    isTaken = true
    let new = batch.count - known
    newBets += new
    batches.append(
      Batch(
        offset: batch.offset, count: batch.count, newBets: new, single: batch.label(in: frame)))
    return nil
  }
}
