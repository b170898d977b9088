import LotteryProtocol
import TestSupport

@testable import LotteryServer

/// The state of a conversation of agency 1. See ``session()``.
enum SessionState: CaseIterable {
  /// Before HELLO.
  case greeting
  /// Bets are taken; three are stored.
  case open
  /// FINISHED was confirmed, with three bets.
  case finished
  /// As it was told by WELCOME on a new connection, after the draw.
  case drawn

  static let stored: UInt64 = 3
  static let claim = Claim(agency: 1, order: 1) {}
  static let agencies: UInt32 = 5

  /// A conversation in this state.
  func session() throws -> ServerSession {
    let claim = Self.claim
    var session = ServerSession(agencies: Self.agencies)
    if self == .greeting { return session }
    _ = session.receive(frame: Frames.hello(1))
    _ = session.welcome(
      claim, stored: Self.stored, lastBet: try sampleBet(2), hasFinished: self == .drawn,
      isDrawn: self == .drawn)
    if self == .finished {
      _ = session.receive(frame: Frames.finished(Self.stored))
      _ = session.confirm(claim)
    }
    return session
  }
}

extension ServerSession {
  /// Takes a frame with its header.
  mutating func receive(frame: [UInt8]) -> SessionAction {
    receive(frame.span.extracting(ProtocolLimits.frameHeaderSize...))
  }
}

/// A ``SessionAction`` without the texts for people.
enum Answer: Equatable {
  case gathered
  case claim(UInt32)
  case rejected(RejectionCode, index: UInt16)
  case confirmed
  case finish(UInt64)
  case awaitDraw
  case tellStatus
  case error(ErrorCode)
  /// No session should ever answer this here.
  case other

  init(_ action: SessionAction) {
    self =
      switch action {
      case .gathered: .gathered
      case .claim(let agency, _): .claim(agency)
      case .reject(.rejected(_, let index, let code, _), _, _, _): .rejected(code, index: index)
      case .reply(.confirmed): .confirmed
      case .reply, .reject: .other
      case .finish(let total, _): .finish(total)
      case .awaitDraw: .awaitDraw
      case .tellStatus: .tellStatus
      case .fail(let code, _): .error(code)
      }
  }
}
