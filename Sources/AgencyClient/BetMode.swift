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
    BetBatch.appendSingle(bet, offset: offset, to: &frame)
    do throws(AgencyError) {
      try await connection.send(frame)
      // The server may send any number: a sum that wraps around is better than a crash.
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

/// Decides after each WELCOME whether a bet has to be sent, so that it is stored once, over as many
/// connections as it takes.
///
/// A bet sent at offset N is stored as the agency's bet number N or not at all. Once a new
/// connection has received WELCOME, the server stores nothing more that was sent over an older one.
/// So WELCOME tells whether a bet that was sent before is stored: by the number of bets and by the
/// last of them, which is the only one that WELCOME contains. If there are more bets after number
/// N, nothing tells.
struct BetDelivery {
  /// What to do after a WELCOME.
  enum Step: Equatable {
    /// Send the bet, at this offset.
    case send(offset: UInt64)
    /// Nothing: the bet is stored.
    case stored
    /// Give up: it is unknown whether the bet is stored as number `offset`.
    case unknown(offset: UInt64)
  }

  let bet: Bet
  /// The offset at which the bet was sent last. Nil if it was not sent, or an answer has arrived.
  private var unanswered: UInt64?

  /// The delivery of a bet that has not been sent.
  init(_ bet: Bet) {
    self.bet = bet
  }

  /// Whether the bet was sent and it is unknown whether it is stored.
  var isInDoubt: Bool { unanswered != nil }

  /// Returns what to do after a WELCOME with these values. A bet that is to be sent counts as sent.
  ///
  /// If the last bet equals this one, it counts as this one, although another process may have
  /// placed an equal bet at the same offset.
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

  /// Notes that STORED or REJECTED has answered the bet: there is no doubt any more.
  mutating func noteAnswer() {
    unanswered = nil
  }
}
