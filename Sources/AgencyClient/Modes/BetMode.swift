import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Exercise 5: sends one bet.
struct BetMode {
  let configuration: ClientConfiguration
  let key: String
  let bet: Bet
  let worker: Worker
  let log: Log

  /// Runs until the bet is stored.
  func run() async throws(AgencyError) {
    try await Persistence(configuration.retry, log: log).run { persistence throws(AgencyError) in
      var delivery = BetDelivery(bet)
      do throws(AgencyError) {
        try await deliver(&delivery, persistence)
      } catch {
        guard delivery.isInDoubt else { throw error }
        let doubt = AgencyError.inDoubt(error)
        log.warning(
          LogLine(
            "apuesta_enviada", .fail,
            ["dni": bet.document, "numero": "\(bet.number)", "error": doubt.description]))
        // A signal ends it well all the same.
        throw error == .cancelled ? error : doubt
      }
      log.info(
        LogLine("apuesta_enviada", .success, ["dni": bet.document, "numero": "\(bet.number)"]))
    }
  }

  private func deliver(
    _ delivery: inout BetDelivery, _ persistence: Persistence
  ) async throws(AgencyError) {
    while true {
      do throws(AgencyError) {
        return try await attempt(&delivery, persistence)
      } catch {
        try await persistence.pause(after: error)
      }
    }
  }

  private func attempt(
    _ delivery: inout BetDelivery, _ persistence: Persistence
  ) async throws(AgencyError) {
    var connection = try await ServerConnection(
      to: configuration.serverAddress, agency: configuration.id, worker: worker,
      persistence: persistence, log: log)
    do throws(AgencyError) {
      let (stored, lastBet) = try await connection.greet(key: key)
      switch delivery.step(stored: stored, lastBet: lastBet) {
      case .send(let offset): try await send(&delivery, offset: offset, over: &connection)
      case .stored: break
      case .unknown(let offset): throw .overtaken(offset: offset, stored: stored)
      }
      connection.close()
    } catch {
      connection.close()
      throw error
    }
  }

  private func send(
    _ delivery: inout BetDelivery, offset: UInt64, over connection: inout ServerConnection
  ) async throws(AgencyError) {
    var frame: [UInt8] = []
    BetBatch.appendSingle(bet, offset: offset, to: &frame)
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
