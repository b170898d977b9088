import LotteryProtocol
import ProcessSupport

/// Exercises 6 to 8: sends all bets of the agency's file and asks for its winners.
///
/// Agency and server may end and start again at any time: WELCOME tells how many bets the server
/// holds, and the agency goes on from there.
struct LotteryMode {
  let agency: Agency

  /// Runs until the winners are known.
  func run() async throws(AgencyError) {
    var conversation = LotteryConversation(
      agency: agency.id, key: agency.key, window: configuration.batchWindow)
    try await agency.attempts.retrying { () throws(AgencyError) in
      try await attempt(&conversation)
    }
  }

  /// Makes one attempt, over one connection.
  private func attempt(_ conversation: inout LotteryConversation) async throws(AgencyError) {
    let handle = try await agency.connect()
    try await agency.withConnection(handle) { server throws(AgencyError) in
      try await send(conversation.hello(), &conversation, over: server)
      let (stored, lastBet) = try await greet(&conversation, over: server)
      try await sendBets(after: stored, lastBet, &conversation, over: server)
      let winners = try await finish(&conversation, over: server)
      log.info(LogLine("consulta_ganadores", .success, ["cant_ganadores": "\(winners)"]))
    }
  }

  /// Waits for WELCOME, and returns what the server holds. Logs a warning if that is less than it
  /// had acknowledged: what it has lost is sent again.
  private func greet(
    _ conversation: inout LotteryConversation, over server: ServerConnection
  ) async throws(AgencyError) -> (stored: UInt64, lastBet: Bet?) {
    guard
      case .resume(let stored, let lastBet, let acknowledged) = try await receive(
        &conversation, over: server)
    else { preconditionFailure("only WELCOME follows HELLO") }
    if stored < acknowledged {
      log.warning(
        LogLine(
          "lost_bets", .fail,
          ["error": "the server holds \(stored) bets of \(acknowledged) it had acknowledged"]))
    }
    return (stored, lastBet)
  }

  /// Opens the file, sends the bets after those that the server holds, and FINISHED once all are
  /// stored, and closes the file.
  private func sendBets(
    after stored: UInt64, _ lastBet: Bet?, _ conversation: inout LotteryConversation,
    over server: ServerConnection
  ) async throws(AgencyError) {
    let path = configuration.agencyFile
    let file = try AgencyFile(path: path, batchMaxAmount: configuration.batchMaxAmount)
    // Runs after `sendBatches`, which consumes the file and so closes it.
    defer {
      log.info(LogLine("close_file", .success, ["client_id": "\(agency.id)", "file": "\(path)"]))
    }
    try await sendBatches(of: file, after: stored, lastBet, &conversation, over: server)
  }

  private func sendBatches(
    of file: consuming AgencyFile, after stored: UInt64, _ lastBet: Bet?,
    _ conversation: inout LotteryConversation, over server: ServerConnection
  ) async throws(AgencyError) {
    try file.skip(stored, lastBet: lastBet)
    var progress = Progress(fileSize: file.rows.size)
    defer { progress.clear() }
    var frames: [UInt8] = []
    while true {
      try conversation.appendFrames(to: &frames) { frames throws(AgencyError) in
        try file.nextBatch(appendingTo: &frames)
      }
      if !frames.isEmpty {
        try await send(frames, &conversation, over: server)
        frames.removeAll(keepingCapacity: true)
        continue
      }
      guard conversation.isSending else { return }
      guard case .stored(let batches) = try await receive(&conversation, over: server)
      else { preconditionFailure("only STORED follows a batch") }
      agency.attempts.noteProgress()
      for batch in batches {
        log.debug(LogLine("apuesta_enviada", .success, ["cantidad": "\(batch.count)"]))
        progress.note(batch.count, position: file.rows.position, inFlight: conversation.inFlight)
      }
    }
  }

  /// Waits for the draw, and returns the number of winners.
  private func finish(
    _ conversation: inout LotteryConversation, over server: ServerConnection
  ) async throws(AgencyError) -> UInt64 {
    while true {
      let effect = try await receive(&conversation, over: server)
      agency.attempts.noteProgress()
      if case .over(let winners) = effect { return winners }
    }
  }

  private func send(
    _ frames: [UInt8], _ conversation: inout LotteryConversation, over server: ServerConnection
  ) async throws(AgencyError) {
    try await server.send(frames) { message throws(AgencyError) in
      _ = try conversation.receive(message)
    }
  }

  private func receive(
    _ conversation: inout LotteryConversation, over server: ServerConnection
  ) async throws(AgencyError) -> LotteryConversation.Effect {
    try conversation.receive(
      try await server.receive(
        conversation.awaited.description, isLimited: !conversation.isDrawing))
  }

  private var configuration: ClientConfiguration { agency.configuration }
  private var log: Log { agency.log }
}
