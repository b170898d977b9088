@testable import LotteryProtocol
@testable import LotteryServer

/// What the contract says of one connection after the other (`PROTOCOL.md`, The conversation), said
/// once more with decoded bets in arrays.
struct SessionModel {
  enum Phase { case greeting, tellingStatus, open, finished }

  static let agencies: UInt32 = 2

  var phase = Phase.greeting
  /// Whether every bet bears its place in the agency's file as its number.
  var isHonest = true
  /// Bets that wait to be stored, and where the batches that brought them begin and end.
  private(set) var pending: [Bet] = []
  private(set) var batches: [Range<UInt64>] = []

  private var agency: UInt32 = 0
  private var bets: [UInt32: [Bet]] = [:]
  private var hasFinished: Set<UInt32> = []

  /// The bets of the agency that is connected.
  var stored: [Bet] { bets[agency, default: []] }
  /// Those and the ones that wait.
  var accepted: Int { stored.count + pending.count }
  var isDrawn: Bool { hasFinished.count == Int(Self.agencies) }

  func standing(of agency: UInt32) -> (stored: UInt64, lastBet: Bet?, hasFinished: Bool) {
    let bets = bets[agency, default: []]
    return (UInt64(bets.count), bets.last, hasFinished.contains(agency))
  }

  func checkStored() {
    guard isHonest else { return }
    for (agency, bets) in bets {
      expectEqual(bets.map { Int($0.number) }, Array(bets.indices), "bets of agency \(agency)")
    }
  }

  /// What the next message must be answered with.
  func answer(to frame: [UInt8]) -> ModelAnswer {
    guard let message = try? AgencyMessage(frame: frame.span) else { return .error(.malformed) }
    switch (phase, message) {
    case (.greeting, .otherVersion): return .error(.version)
    case (.greeting, .hello(let agency, _)):
      return (1...Self.agencies).contains(agency) ? .claim(agency) : .error(.unknownAgency)
    case (.open, .bets(let batch)), (.finished, .bets(let batch)):
      return answer(to: batch, in: frame)
    case (.open, .finished(let total)):
      return total == accepted ? .finish(total) : .error(.totalsDiffer)
    case (.finished, .finished(let total)):
      return total == accepted ? .confirmed : .error(.totalsDiffer)
    case (.finished, .winnersQuery): return .awaitDraw
    case (.greeting, .statusQuery), (.tellingStatus, .statusQuery): return .tellStatus
    default: return .error(.notNow)
    }
  }

  private func answer(to batch: BetBatch, in frame: [UInt8]) -> ModelAnswer {
    guard let (_, bad) = decodeNew(batch, in: frame) else { return .error(.malformed) }
    if batch.offset > accepted { return .rejected(batch.offset, .outOfSequence, 0) }
    if phase == .finished, Int(batch.offset) + batch.count > accepted {
      return .rejected(batch.offset, .agencyFinished, 0)
    }
    return bad.map { .rejected(batch.offset, .ruleBroken, $0) } ?? .gathered
  }

  /// The bets that are not there yet, up to the first bad one of them, and its place in the batch
  /// if there is one; nil if the bytes are no bets.
  private func decodeNew(_ batch: BetBatch, in frame: [UInt8]) -> (bets: [Bet], bad: Int?)? {
    let known = max(0, accepted - Int(clamping: batch.offset))
    var bets: [Bet] = []
    do throws(WireError) {
      let bad = try batch.forEachBet(after: known, in: frame.span) { _, bet in
        bets.append(Bet(bet, in: frame.span))
      }
      return (bets, bad?.index)
    } catch {
      return nil
    }
  }
}

/// What happens to the connection, after it was answered.
extension SessionModel {
  mutating func disconnect() {
    (phase, agency, pending, batches) = (.greeting, 0, [], [])
  }

  mutating func welcome(_ agency: UInt32) -> ServerMessage {
    self.agency = agency
    phase = hasFinished.contains(agency) ? .finished : .open
    return .welcome(
      version: 1, state: phase == .open ? .open : isDrawn ? .drawn : .finished,
      stored: UInt64(stored.count), lastBet: stored.last)
  }

  /// Adds what is new in a batch to what is there.
  mutating func gather(_ frame: [UInt8]) {
    guard case .bets(let batch) = try? AgencyMessage(frame: frame.span),
      let (new, _) = decodeNew(batch, in: frame)
    else { fatalError("no batch: \(frame)") }
    pending += new
    batches.append(batch.offset..<(batch.offset + UInt64(batch.count)))
  }

  mutating func pendingStored() -> ServerMessage {
    bets[agency, default: []] += pending
    (pending, batches) = ([], [])
    return .stored(UInt64(stored.count))
  }

  func pendingFailed() -> [ServerMessage] {
    let old = batches.prefix { $0.upperBound <= UInt64(stored.count) }
    return (old.isEmpty ? [] : [.stored(UInt64(stored.count))])
      + batches.dropFirst(old.count).prefix(1).map {
        .rejected(offset: $0.lowerBound, index: 0, code: .notStored, reason: "")
      }
  }

  mutating func finish() {
    phase = .finished
    hasFinished.insert(agency)
  }
}

/// A ``SessionAction`` without the texts for people.
enum ModelAnswer: Equatable {
  case gathered
  case claim(UInt32)
  case rejected(UInt64, RejectionCode, Int)
  case confirmed
  case finish(UInt64)
  case awaitDraw
  case tellStatus
  case error(ErrorCode)
  /// No session should ever answer this.
  case other

  init(_ action: SessionAction) {
    self =
      switch action {
      case .gathered: .gathered
      case .claim(let agency, _): .claim(agency)
      case .reject(.rejected(let offset, let index, let code, _), _, _, _):
        .rejected(offset, code, Int(index))
      case .reply(.confirmed): .confirmed
      case .reply, .reject: .other
      case .finish(let total, _): .finish(total)
      case .awaitDraw: .awaitDraw
      case .tellStatus: .tellStatus
      case .fail(let code, _): .error(code)
      }
  }
}
