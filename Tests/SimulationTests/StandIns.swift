import TestSupport

@testable import AgencyClient
@testable import LotteryCore

/// An agency's side of the conversation in a lottery.
struct LotteryConversation {
  enum Effect: Equatable {
    case resume(stored: UInt64, lastBet: Bet?, acknowledged: UInt64)
    case stored
    case confirmed
    case winners
    case over(winners: UInt64)
  }

  private enum Phase { case greeting, sending, finishing, counting }

  private let agency: UInt32
  private let windowSize: Int
  private var window: SendWindow
  private var phase = Phase.greeting
  private var total: UInt64 = 0
  private var isAtEnd = false
  private var winners: UInt64 = 0

  init(agency: UInt32, key: String, window: Int) {
    self.agency = agency
    windowSize = window
    self.window = SendWindow(size: window)
  }

  var isSending: Bool { phase == .sending }

  mutating func hello() -> [UInt8] {
    (phase, window, isAtEnd, winners) = (.greeting, SendWindow(size: windowSize), false, 0)
    return Frames.hello(agency)
  }

  mutating func receive(_ message: ServerMessage) throws(AgencyError) -> Effect {
    switch (phase, message) {
    case (_, .error(let code, let reason)): throw .refused(code, reason: reason)
    case (_, .rejected(let offset, let index, let code, let reason)):
      throw .rejected(code, offset: offset, index: index, reason: reason)
    case (.greeting, .welcome(_, _, let stored, let lastBet)):
      (phase, total) = (.sending, stored)
      return .resume(stored: stored, lastBet: lastBet, acknowledged: stored)
    case (.sending, .stored(let stored)):
      guard window.acknowledge(stored) != nil else { throw .unexpected("STORED \(stored)") }
      return .stored
    case (.finishing, .confirmed):
      phase = .counting
      return .confirmed
    case (.counting, .winners(let more, let documents)):
      winners += UInt64(documents.count)
      return more ? .winners : .over(winners: winners)
    default: throw .unexpected("\(message)")
    }
  }

  mutating func appendFrames(
    to frames: inout [UInt8], nextBatch: (inout [UInt8]) throws(AgencyError) -> AgencyFile.Batch?
  ) throws(AgencyError) {
    guard phase == .sending else { return }
    while !isAtEnd, !window.isFull {
      guard let batch = try nextBatch(&frames) else {
        isAtEnd = true
        break
      }
      window.add(batch)
      total = batch.end
    }
    guard window.isEmpty else { return }
    frames += AgencyMessage.finished(total: total).frame + Frames.winnersQuery
    phase = .finishing
  }
}

/// An agency's side of the conversation about one bet.
struct BetConversation {
  enum Effect: Equatable {
    case send([UInt8])
    case stored
  }

  private let agency: UInt32
  private var delivery: BetDelivery
  private var end: UInt64?

  init(_ bet: Bet, agency: UInt32, key: String) {
    self.agency = agency
    delivery = BetDelivery(bet)
  }

  var isInDoubt: Bool { delivery.isInDoubt }

  mutating func hello() -> [UInt8] {
    end = nil
    return Frames.hello(agency)
  }

  mutating func receive(_ message: ServerMessage) throws(AgencyError) -> Effect {
    switch message {
    case .error(let code, let reason): throw .refused(code, reason: reason)
    case .rejected(let offset, let index, let code, let reason):
      delivery.noteAnswer()
      throw .rejected(code, offset: offset, index: index, reason: reason)
    case .welcome(_, _, let stored, let lastBet) where end == nil:
      switch delivery.step(stored: stored, lastBet: lastBet) {
      case .stored: return .stored
      case .unknown(let offset): throw .overtaken(offset: offset, stored: stored)
      case .send(let offset):
        end = offset + 1
        return .send(Frames.bet(delivery.bet, at: offset))
      }
    case .stored(let stored) where stored == end:
      delivery.noteAnswer()
      return .stored
    default: throw .unexpected("\(message)")
    }
  }
}
