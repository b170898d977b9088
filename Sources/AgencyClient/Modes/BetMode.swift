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
      while true {
        do throws(AgencyError) {
          try await attempt(persistence)
          log.info(
            LogLine(
              "apuesta_enviada", .success, ["dni": bet.document, "numero": "\(bet.number)"]))
          return
        } catch {
          try await persistence.pause(after: error)
        }
      }
    }
  }

  private func attempt(_ persistence: Persistence) async throws(AgencyError) {
    var connection = try await ServerConnection(
      to: configuration.serverAddress, agency: bet.agency, worker: worker,
      persistence: persistence, log: log)
    do throws(AgencyError) {
      let (stored, lastBet) = try await connection.greet(key: key)
      // An attempt that broke off before the answer may have stored it: it must not be stored
      // twice.
      if lastBet != bet { try await send(offset: stored, over: &connection) }
      await connection.close()
    } catch {
      await connection.close()
      throw error
    }
  }

  private func send(
    offset: UInt64, over connection: inout ServerConnection
  ) async throws(AgencyError) {
    var frame: [UInt8] = []
    AgencyMessage.appendBet(bet, offset: offset, to: &frame)
    try await connection.send(frame)
    // The server's number may be any: a sum that wraps around is better than a crash.
    let stored = offset &+ 1
    guard try await connection.receive("STORED") == .stored(stored) else {
      throw .unexpected("STORED \(stored) should answer BET")
    }
  }
}
