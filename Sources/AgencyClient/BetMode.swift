import LotteryProtocol
import ProcessSupport

/// Exercise 5: sends one bet.
struct BetMode {
  let agency: Agency
  let bet: Bet

  /// Runs until the bet is stored.
  func run() async throws(AgencyError) {
    var conversation = BetConversation(bet, agency: agency.id, key: agency.key)
    do throws(AgencyError) {
      try await agency.attempts.retrying { () throws(AgencyError) in
        try await attempt(&conversation)
      }
    } catch {
      guard conversation.isInDoubt else { throw error }
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
    noteEarlierBets(conversation.earlierBets)
  }

  /// Notes that this bet was stored beside others, of an earlier run for example.
  private func noteEarlierBets(_ count: UInt64) {
    guard count > 0 else { return }
    agency.log.info(
      LogLine(
        "earlier_bets", .success,
        [
          "cantidad": "\(count)",
          "note": "the server keeps them too; to delete its bets: make docker-compose-down",
        ]))
  }

  /// Makes one attempt, over one connection.
  private func attempt(_ conversation: inout BetConversation) async throws(AgencyError) {
    let handle = try await agency.connect()
    try await agency.withConnection(handle) { server throws(AgencyError) in
      var effect = BetConversation.Effect.send(conversation.hello())
      while case .send(let frame) = effect {
        try await server.send(frame) { message throws(AgencyError) in
          _ = try conversation.receive(message)
        }
        let message = try await server.receive(conversation.awaited.description)
        effect = try conversation.receive(message)
      }
    }
  }
}
