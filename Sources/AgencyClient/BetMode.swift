import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Exercise 5: sends one bet.
struct BetMode {
  let agency: Agency
  let bet: Bet

  /// Runs until the bet is stored.
  func run() async throws(AgencyError) {
    try await agency.retry.run { () throws(AgencyError) in
      var delivery = BetDelivery(bet)
      do throws(AgencyError) {
        try await agency.retry.retrying { () throws(AgencyError) in try await attempt(&delivery) }
      } catch {
        guard delivery.isInDoubt else { throw error }
        let doubt = AgencyError.inDoubt(error)
        agency.log.warning(
          LogLine(
            "apuesta_enviada", .fail,
            ["dni": bet.document, "numero": "\(bet.number)", "error": doubt.description]))
        // A signal ends the program well even so.
        throw error == .cancelled ? error : doubt
      }
      agency.log.info(
        LogLine("apuesta_enviada", .success, ["dni": bet.document, "numero": "\(bet.number)"]))
    }
  }

  private func attempt(_ delivery: inout BetDelivery) async throws(AgencyError) {
    try await agency.withConnection { connection throws(AgencyError) in
      let (stored, lastBet) = try await connection.greet(key: agency.key)
      switch delivery.step(stored: stored, lastBet: lastBet) {
      case .send(let offset): try await send(&delivery, offset: offset, over: &connection)
      case .stored: break
      case .unknown(let offset): throw .overtaken(offset: offset, stored: stored)
      }
    }
  }

  private func send(
    _ delivery: inout BetDelivery, offset: UInt64, over connection: inout ServerConnection
  ) async throws(AgencyError) {
    var frame: [UInt8] = []
    AgencyMessage.appendBet(bet, offset: offset, to: &frame)
    do throws(AgencyError) {
      try await connection.send(frame)
      // The server's number may be any: a sum that wraps around is better than a crash.
      let stored = offset &+ 1
      guard try await connection.receive("STORED") == .stored(stored) else {
        throw .unexpected("STORED \(stored) should answer BET")
      }
      delivery.noteAnswer()
    } catch {
      if case .rejected = error { delivery.noteAnswer() }
      throw error
    }
  }
}

/// Decides whether one bet has to be sent, over as many connections as it takes, so that it is never
/// stored twice.
///
/// A bet sent at offset N is stored as the agency's bet number N or not at all, and not any more once
/// a new connection has got its WELCOME. Hence each WELCOME settles what became of a bet that was
/// sent before, except if other bets lie on top of number N: the server shows its last one alone.
struct BetDelivery {
  /// What follows from a WELCOME.
  enum Step: Equatable {
    /// The bet is to be sent, at this offset.
    case send(offset: UInt64)
    /// The bet is stored.
    case stored
    /// Nothing tells whether the bet is stored as number `offset`.
    case unknown(offset: UInt64)
  }

  let bet: Bet
  /// Where the bet was sent to, while nothing has told what became of it.
  private var unanswered: UInt64?

  /// The delivery of `bet`, which has not been sent.
  init(_ bet: Bet) {
    self.bet = bet
  }

  /// Whether the bet was sent, and nothing has told what became of it.
  var isInDoubt: Bool { unanswered != nil }

  /// What to do after a WELCOME with these numbers. A bet that is to be sent counts as sent.
  ///
  /// A last bet that is the same as this one is taken for it, though another process may have placed
  /// the same at that very offset.
  mutating func step(stored: UInt64, lastBet: Bet?) -> Step {
    if let offset = unanswered, offset < stored {
      if offset < stored - 1 { return .unknown(offset: offset) }
      if lastBet == bet {
        unanswered = nil
        return .stored
      }
    }
    unanswered = stored
    return .send(offset: stored)
  }

  /// Notes that STORED or REJECTED has answered the bet.
  mutating func noteAnswer() {
    unanswered = nil
  }
}
