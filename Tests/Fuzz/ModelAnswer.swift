import LotteryCore

@testable import LotteryServer

/// A ``SessionAction`` without the texts for people.
enum ModelAnswer: Equatable {
  case gathered
  case claim(UInt32)
  case rejected(UInt64, RejectionCode, Int)
  case confirmed
  case finish(UInt64)
  case awaitDraw
  case tellStatus
  case tellSyncs
  case error(ErrorCode)
  /// No session should ever answer this.
  case other

  init(_ action: SessionAction) {
    self =
      switch action {
      case .gathered: .gathered
      case .claim(let agency, _): .claim(agency)
      case .reject(.rejected(let offset, let index, let code, _), _, _):
        .rejected(offset, code, Int(index))
      case .reply(.confirmed): .confirmed
      case .reply, .reject: .other
      case .finish(let total): .finish(total)
      case .awaitDraw: .awaitDraw
      case .tellStatus: .tellStatus
      case .tellSyncs: .tellSyncs
      case .fail(let code, _): .error(code)
      }
  }
}
