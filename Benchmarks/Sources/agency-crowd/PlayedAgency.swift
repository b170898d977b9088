import LotteryProtocol

/// An agency that sends what was prepared and asks for its winners.
struct PlayedAgency: Sendable {
  let id: UInt32
  let server: Endpoint
  /// The most batches in flight.
  let window: Int

  /// Plays it, from connecting to its winners. The task runs on `worker`.
  func play(_ bets: PreparedBets, worker: Worker) async throws {
    let channel = try await Connector.connect(to: server, worker: worker)
    var conversation = Conversation(channel: channel, agency: id)
    do {
      try await greet(&conversation)
      try await send(bets, over: &conversation)
      try await finish(total: bets.total, over: &conversation)
      channel.close()
    } catch {
      channel.close()
      throw error
    }
  }

  private func greet(_ conversation: inout Conversation) async throws {
    var hello: [UInt8] = []
    AgencyMessage.appendHello(agency: id, key: "", to: &hello)
    try await conversation.send(hello)
    let answer = try await conversation.receive()
    guard case .welcome(_, _, stored: 0, _) = answer else { throw UnexpectedAnswer(id, answer) }
  }

  private func send(_ bets: PreparedBets, over conversation: inout Conversation) async throws {
    var sent = 0
    var answered = 0
    while answered < bets.batches.count {
      let next = bets.batches[sent...].prefix(window - (sent - answered))
      if next.isEmpty {
        let answer = try await conversation.receive()
        guard case .stored(let stored) = answer else { throw UnexpectedAnswer(id, answer) }
        answered += bets.batches[answered..<sent].prefix { $0.end <= stored }.count
      } else {
        try await conversation.send(next.count == 1 ? next[sent].frame : next.flatMap(\.frame))
        sent += next.count
      }
    }
  }

  private func finish(total: UInt64, over conversation: inout Conversation) async throws {
    var frames: [UInt8] = []
    AgencyMessage.appendFinished(total: total, to: &frames)
    AgencyMessage.appendWinnersQuery(to: &frames)
    try await conversation.send(frames)
    let answer = try await conversation.receive()
    guard answer == .confirmed else { throw UnexpectedAnswer(id, answer) }
    while true {
      let answer = try await conversation.receive()
      guard case .winners(let more, _) = answer else { throw UnexpectedAnswer(id, answer) }
      if !more { return }
    }
  }
}
