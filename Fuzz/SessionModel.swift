@testable import LotteryProtocol
@testable import LotteryServer

/// What the contract says of one connection after the other (`PROTOCOL.md`, The conversation), said
/// once more with decoded bets in arrays.
struct SessionModel {
  enum Phase { case greeting, tellingStatus, claiming, open, finished }

  static let agencies: UInt32 = 2

  var phase = Phase.greeting
  /// Whether every bet bears its place in the agency's file as its number.
  var isHonest = true
  /// Bets that wait to be stored, and where the batches that brought them begin.
  private(set) var pending: [Bet] = []
  private(set) var batches: [UInt64] = []
  /// Batches rejected since the last new bet, or the last group that could not be stored.
  var rejected = 0

  private var agency: UInt32 = 0
  private var bets: [UInt32: [Bet]] = [:]
  private var hasFinished: Set<UInt32> = []

  /// The bets of the agency that is connected.
  var stored: [Bet] { bets[agency, default: []] }
  /// Those and the ones that wait.
  var accepted: Int { stored.count + pending.count }
  var isDrawn: Bool { hasFinished.count == Int(Self.agencies) }

  func standing(of agency: UInt32) -> AgencyStanding {
    let bets = bets[agency, default: []]
    return AgencyStanding(
      stored: UInt64(bets.count), lastBet: bets.last, hasFinished: hasFinished.contains(agency))
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
    case (.greeting, .hello(let version, let agency, _)):
      if version != 1 { return .error(.version) }
      return (1...Self.agencies).contains(agency) ? .claim(agency) : .error(.unknownAgency)
    case (.open, .bets(let batch)), (.finished, .bets(let batch)):
      return answer(to: batch, in: frame)
    case (.open, .finished(let total)):
      return total == accepted ? .finish(total) : .error(.totalsDiffer)
    case (.finished, .finished(let total)):
      return total == accepted ? .confirmed : .error(.totalsDiffer)
    case (.finished, .winnersQuery): return .awaitDraw
    case (.greeting, .statusQuery), (.tellingStatus, .statusQuery): return .tellStatus
    case (.greeting, .syncsQuery), (.tellingStatus, .syncsQuery): return .tellSyncs
    default: return .error(.notNow)
    }
  }

  private func answer(to batch: BetBatch, in frame: [UInt8]) -> ModelAnswer {
    guard let (bets, bad) = decode(batch, in: frame) else { return .error(.malformed) }
    if batch.offset > accepted { return rejection(.outOfSequence, of: batch, at: 0) }
    if phase == .finished, Int(batch.offset) + batch.count > accepted {
      return rejection(.agencyFinished, of: batch, at: 0)
    }
    return bad ? rejection(.ruleBroken, of: batch, at: bets.count) : .gathered
  }

  private func rejection(_ code: RejectionCode, of batch: BetBatch, at index: Int) -> ModelAnswer {
    rejected < ProtocolLimits.rejectedInARow
      ? .rejected(batch.offset, code, index) : .error(.notNow)
  }

  /// The bets up to the first bad one, and whether there is one; nil where the bytes are no bets.
  private func decode(_ batch: BetBatch, in frame: [UInt8]) -> (bets: [Bet], bad: Bool)? {
    var bets: [Bet] = []
    do throws(WireError) {
      let bad = try batch.forEachBet(in: frame.span) { _, bet in
        bets.append(Bet(agency: agency, bet, in: frame.span))
      }
      return (bets, bad != nil)
    } catch {
      return nil
    }
  }
}

/// What happens to the connection, after it was answered.
extension SessionModel {
  mutating func disconnect() {
    (phase, agency, pending, batches, rejected) = (.greeting, 0, [], [], 0)
  }

  mutating func welcome(_ agency: UInt32) -> ServerMessage {
    self.agency = agency
    phase = hasFinished.contains(agency) ? .finished : .open
    return .welcome(
      version: 1, state: phase == .open ? .open : isDrawn ? .drawn : .finished,
      stored: UInt64(stored.count), lastBet: stored.last)
  }

  /// Puts what is new in a batch behind what is there.
  mutating func gather(_ frame: [UInt8]) {
    guard case .bets(let batch) = try? AgencyMessage(frame: frame.span),
      let (bets, _) = decode(batch, in: frame)
    else { fatalError("no batch: \(frame)") }
    let new = bets.dropFirst(accepted - Int(batch.offset))
    if !new.isEmpty { rejected = 0 }
    pending += new
    batches.append(batch.offset)
  }

  mutating func groupStored() -> ServerMessage {
    bets[agency, default: []] += pending
    (pending, batches) = ([], [])
    return .stored(UInt64(stored.count))
  }

  mutating func groupFailed() -> [ServerMessage] {
    defer { (pending, batches, rejected) = ([], [], 0) }
    return batches.enumerated().map { index, offset in
      .rejected(
        offset: offset, index: 0, code: index == 0 ? .notStored : .outOfSequence, reason: "")
    }
  }

  mutating func finish() {
    phase = .finished
    hasFinished.insert(agency)
  }
}
