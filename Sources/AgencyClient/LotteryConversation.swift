// The rules of an agency that sends its bets and asks for its winners (`PROTOCOL.md`, The
// conversation): the server's messages in, effects out. It performs no I/O and knows no clock, so
// that every rule can be tested, and played against the server's rules, without a socket, a file or
// a pause.
//
// The driver (`Agency.playLottery`) makes one connection after the other. Over each it sends
// `hello` first and what `appendFrames` appends after each message, and hands each message to
// `receive`. What the agency learned over one connection counts on the next.
//
//               WELCOME    STORED           CONFIRMED    WINNERS
//   greeting    resume     –                –            –
//               → sending
//   sending     –          stored, or –     –            –
//     `appendFrames`, once all bets are stored: → finishing
//   finishing   –          –                confirmed    –
//                                           → drawing
//   drawing,    –          –                –            winners → counting,
//   counting                                             or over → over; or –
//   over        –          –                –            –
//
// A dash means that the server broke the protocol. In every phase a REJECTED or an ERROR is thrown:
// it ends the connection, and `AgencyError.isTransient` tells whether another one can help. Every
// wait has a limit except `drawing`: the draw waits for the last agency.

import LotteryProtocol

/// A conversation of one agency with the server, over as many connections as it takes.
struct LotteryConversation: Conversation {
  /// What a message asks the agency to do.
  enum Effect: Equatable {
    /// Pass over the first `stored` bets, the last of which must be `lastBet`, and send the others.
    /// If `stored` is less than `acknowledged`, the server has lost bets.
    case resume(stored: UInt64, lastBet: Bet?, acknowledged: UInt64)
    /// Progress: these batches are stored. Send the next ones.
    case stored(ArraySlice<SentBatch>)
    case confirmed
    /// Progress: winners have come, and more will.
    case winners
    case over(winners: UInt64)
  }

  private enum Phase {
    /// HELLO is the first message of a connection, and WELCOME its answer.
    case greeting
    /// The batches in the window are not answered yet.
    case sending(SendWindow)
    /// FINISHED is not answered yet.
    case finishing(total: UInt64)
    /// FINISHED is confirmed, and the draw is still to come.
    case drawing(total: UInt64)
    /// The first winners have come.
    case counting(winners: UInt64, total: UInt64)
    case over
  }

  /// The batches in flight: sent, and not acknowledged yet.
  private struct SendWindow {
    /// In the order in which they were sent. Their ends strictly grow.
    var batches: [SentBatch] = []
    /// Bets of the agency up to the end of the last batch that was sent.
    var end: UInt64
    /// Whether no bets are left after them.
    var isLast = false
  }

  private let agency: UInt32
  private let key: String
  private let windowSize: Int
  private var phase = Phase.greeting
  /// Bets that the server said last that it holds.
  private var acknowledged: UInt64 = 0

  /// The size, in bytes, up to which batches are made before they are sent: making many and then
  /// sending many costs less than doing both in turns.
  private static let burstSize = 64 * 1024

  /// - Parameter window: the most batches in flight.
  init(agency: UInt32, key: String, window: Int) {
    self.agency = agency
    self.key = key
    windowSize = window
  }

  mutating func hello() -> [UInt8] {
    phase = .greeting
    return .hello(agency, key: key)
  }

  mutating func receive(_ message: ServerMessage) throws(AgencyError) -> Effect {
    try message.checkCodes()
    switch (phase, message) {
    case (.greeting, _):
      let (stored, lastBet) = try message.welcome()
      phase = .sending(SendWindow(end: stored))
      defer { acknowledged = stored }
      return .resume(stored: stored, lastBet: lastBet, acknowledged: acknowledged)
    case (.sending(var window), .stored(let stored)):
      // STORED is cumulative.
      let count = window.batches.prefix { $0.end <= stored }.count
      guard count > 0, window.batches[count - 1].end == stored else {
        throw .unexpected("STORED \(stored) answers no batch")
      }
      let batches = window.batches[..<count]
      window.batches.removeFirst(count)
      phase = .sending(window)
      acknowledged = stored
      return .stored(batches)
    case (.finishing(let total), .confirmed):
      phase = .drawing(total: total)
      return .confirmed
    case (.drawing(let total), .winners(let more, let documents)):
      return try count(documents, more: more, after: 0, of: total)
    case (.counting(let winners, let total), .winners(let more, let documents)):
      return try count(documents, more: more, after: winners, of: total)
    case (.sending, _): throw .unexpected("STORED should answer BATCH")
    case (.finishing, _): throw .unexpected("CONFIRMED should answer FINISHED")
    case (.drawing, _), (.counting, _): throw .unexpected("WINNERS should answer WINNERS?")
    case (.over, _): throw .unexpected("nothing should follow the last WINNERS")
    }
  }

  /// Appends what can be sent now, if anything: batches while the window has room, or FINISHED and
  /// WINNERS? once all bets are stored.
  ///
  /// - Parameter nextBatch: appends the frame of the next batch of those that ``Effect/resume``
  ///   asks for; returns nil if there is none. If it throws, it does so each time.
  /// - Throws: what `nextBatch` throws, once all batches before that are stored.
  mutating func appendFrames(
    to frames: inout [UInt8],
    nextBatch: (inout [UInt8]) throws(AgencyError) -> SentBatch?
  ) throws(AgencyError) {
    guard case .sending(var window) = phase else { return }
    defer { if case .sending = phase { phase = .sending(window) } }
    do throws(AgencyError) {
      while !window.isLast, window.batches.count < windowSize, frames.count < Self.burstSize {
        guard let batch = try nextBatch(&frames) else {
          window.isLast = true
          break
        }
        window.batches.append(batch)
        window.end = batch.end
      }
    } catch {
      if window.batches.isEmpty { throw error }
    }
    guard window.batches.isEmpty else { return }
    AgencyMessage.finished(total: window.end).append(to: &frames)
    AgencyMessage.winnersQuery.append(to: &frames)
    phase = .finishing(total: window.end)
  }

  var awaited: MessageType {
    switch phase {
    case .greeting: .welcome
    case .sending: .stored
    case .finishing: .confirmed
    case .drawing, .counting, .over: .winners
    }
  }

  var isDrawing: Bool { if case .drawing = phase { true } else { false } }

  var isSending: Bool { if case .sending = phase { true } else { false } }

  var inFlight: Int { if case .sending(let window) = phase { window.batches.count } else { 0 } }

  /// Winners are counted and not kept: there may be millions. But no more than bets, and each frame
  /// holds some: so no server can make the agency count without end.
  private mutating func count(
    _ documents: [String], more: Bool, after before: UInt64, of total: UInt64
  ) throws(AgencyError) -> Effect {
    let winners = before + UInt64(documents.count)
    guard winners <= total else { throw .unexpected("\(winners) winners of \(total) bets") }
    guard !more || !documents.isEmpty else {
      throw .unexpected("WINNERS without winners, but with more to come")
    }
    phase = more ? .counting(winners: winners, total: total) : .over
    return more ? .winners : .over(winners: winners)
  }
}

/// A batch that was sent: how many bets it holds, and how many of the agency's there are up to its
/// end.
struct SentBatch: Equatable {
  var count: Int
  var end: UInt64
}

/// What every conversation begins with, and what ends it.
extension ServerMessage {
  /// Throws a REJECTED or an ERROR.
  func checkCodes() throws(AgencyError) {
    switch self {
    case .rejected(let offset, let index, let code, let reason):
      throw .rejected(code, offset: offset, index: index, reason: reason)
    case .error(let code, let reason): throw .refused(code, reason: reason)
    case .welcome, .stored, .confirmed, .winners, .status: break
    }
  }

  /// Returns what WELCOME says, and throws if this is another message.
  func welcome() throws(AgencyError) -> (stored: UInt64, lastBet: Bet?) {
    guard case .welcome(let version, _, let stored, let lastBet) = self else {
      throw .unexpected("WELCOME should answer HELLO")
    }
    guard version == ProtocolLimits.version else {
      throw .unexpected("WELCOME has version \(version), not \(ProtocolLimits.version)")
    }
    return (stored, lastBet)
  }
}

extension [UInt8] {
  static func hello(_ agency: UInt32, key: String) -> Self {
    var frame: Self = []
    AgencyMessage.hello(agency: agency, key: key).append(to: &frame)
    return frame
  }
}
