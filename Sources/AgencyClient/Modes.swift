import Glibc
import LotteryProtocol
import ProcessSupport

/// Exercises 6 to 8: all bets of the agency's file, and its winners.
///
/// Agency and server may end and start again at any time: WELCOME tells how many bets the server
/// holds, and the agency goes on from there.
extension Agency {
  /// Sends all bets and asks for the winners. Runs until the winners are known.
  func playLottery() async throws(AgencyError) {
    var conversation = LotteryConversation(
      agency: id, key: key, window: configuration.batchWindow)
    try await converse(&conversation) { conversation, server throws(AgencyError) in
      guard
        case .resume(let stored, let lastBet, let acknowledged) = try await server.receive(
          &conversation)
      else { preconditionFailure("only WELCOME follows HELLO") }
      if stored < acknowledged {
        // What it has lost is sent again.
        log.warning(
          LogLine(
            "lost_bets", .fail,
            ["error": "the server holds \(stored) bets of \(acknowledged) it had acknowledged"]))
      }
      try await sendBets(after: stored, lastBet, &conversation, over: server)
      let winners = try await waitForWinners(&conversation, over: server)
      log.info(LogLine("consulta_ganadores", .success, ["cant_ganadores": "\(winners)"]))
    }
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
    defer { log.info(LogLine("close_file", .success, ["client_id": "\(id)", "file": "\(path)"])) }
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
        try await server.send(frames, &conversation)
        frames.removeAll(keepingCapacity: true)
        continue
      }
      guard conversation.isSending else { return }
      guard case .stored(let batches) = try await server.receive(&conversation)
      else { preconditionFailure("only STORED follows a batch") }
      attempts.noteProgress()
      for batch in batches {
        log.debug(LogLine("apuesta_enviada", .success, ["cantidad": "\(batch.count)"]))
        progress.note(batch.count, position: file.rows.position, inFlight: conversation.inFlight)
      }
    }
  }

  /// Waits for the draw, and returns the number of winners.
  private func waitForWinners(
    _ conversation: inout LotteryConversation, over server: ServerConnection
  ) async throws(AgencyError) -> UInt64 {
    while true {
      let effect = try await server.receive(&conversation)
      attempts.noteProgress()
      if case .over(let winners) = effect { return winners }
    }
  }
}

/// Exercise 5: one bet.
extension Agency {
  /// Sends `bet`. Runs until it is stored.
  func place(_ bet: Bet) async throws(AgencyError) {
    var conversation = BetConversation(bet, agency: id, key: key)
    do throws(AgencyError) {
      try await converse(&conversation) { conversation, server throws(AgencyError) in
        while case .send(let frame) = try await server.receive(&conversation) {
          try await server.send(frame, &conversation)
        }
      }
    } catch {
      guard conversation.isInDoubt else { throw error }
      let doubt = AgencyError.inDoubt(error)
      log.warning(
        LogLine(
          "apuesta_enviada", .fail,
          ["dni": bet.document, "numero": "\(bet.number)", "error": doubt.description]))
      // A signal ends the program well even so.
      throw error == .cancelled ? error : doubt
    }
    log.info(
      LogLine("apuesta_enviada", .success, ["dni": bet.document, "numero": "\(bet.number)"]))
    guard conversation.earlierBets > 0 else { return }
    // This bet was stored beside others, of an earlier run for example.
    log.info(
      LogLine(
        "earlier_bets", .success,
        [
          "cantidad": "\(conversation.earlierBets)",
          "note": "the server keeps them too; to delete its bets: make docker-compose-down",
        ]))
  }
}

/// Exercises 1 to 4: lines, each over a connection of its own, which come back.
extension Agency {
  /// Runs until all lines have come back.
  func echo() async throws(AgencyError) {
    for number in stride(from: 1, through: configuration.loopAmount, by: 1) {
      let answer = try await exchange("[CLIENT \(id)] Message N°\(number)\n")
      attempts.noteProgress()
      log.info(LogLine("receive_message", .success, ["client_id": "\(id)", "msg": answer]))
      do { try await Task.sleep(for: configuration.loopPeriod) } catch { throw .cancelled }
    }
    log.info(LogLine("loop_finished", .success, ["client_id": "\(id)"]))
  }

  /// Sends `line` and returns what came back, without its line end. Only connecting is retried: a
  /// line is sent once, whatever becomes of it.
  private func exchange(_ line: String) async throws(AgencyError) -> String {
    let handle = try await attempts.retrying(connect)
    return try await withConnection(handle) { server throws(AgencyError) in
      try await server.send(Array(line.utf8))
      return try await receiveLine(from: server)
    }
  }

  private func receiveLine(from server: ServerConnection) async throws(AgencyError) -> String {
    while server.connection.unread.count < ProtocolLimits.echoLineSize {
      do throws(AgencyError) {
        try await server.fill("the line to come back")
      } catch .disconnected(let reason) {
        throw .disconnected("\(reason), before the whole line had come back")
      }
      let bytes = server.connection.unread.prefix(ProtocolLimits.echoLineSize)
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        return String(decoding: bytes[..<end], as: UTF8.self)
      }
    }
    throw .disconnected("the line that came back does not end")
  }
}

/// A progress line on standard error, redrawn in place. It does nothing unless standard error is a
/// terminal.
struct Progress {
  private let isVisible = isatty(STDERR_FILENO) == 1
  private let fileSize: Int
  private let start = ContinuousClock.now
  private var sent: UInt64 = 0
  private var nextDraw = ContinuousClock.now

  init(fileSize: Int) {
    self.fileSize = fileSize
  }

  /// Notes that `count` more bets are stored, and that the file is read up to `position`.
  mutating func note(_ count: Int, position: Int, inFlight: Int) {
    sent += UInt64(count)
    guard isVisible, nextDraw <= .now else { return }
    nextDraw = .now + .milliseconds(100)
    draw(
      Self.text(
        bets: sent, position: position, fileSize: fileSize, inFlight: inFlight,
        elapsed: start.duration(to: .now)))
  }

  func clear() { if isVisible { draw("") } }

  static func text(
    bets: UInt64, position: Int, fileSize: Int, inFlight: Int, elapsed: Duration
  ) -> String {
    let seconds = elapsed / .seconds(1)
    let rate = seconds > 0 ? UInt64(Double(bets) / seconds) : 0
    let share = fileSize > 0 ? min(1, Double(position) / Double(fileSize)) : 1
    let left = share > 0 ? Int((seconds / share * (1 - share)).rounded(.up)) : 0
    return "\(bets) bets, \(Int(share * 100)) %, \(rate) bets/s, \(left) s left, "
      + "\(inFlight) batches in flight"
  }

  private func draw(_ text: String) {
    let output = Output(descriptor: STDERR_FILENO)
    // A terminal that takes nothing (Ctrl-S) must not stop the agency.
    guard output.waits(atMost: .zero) else { return }
    // Return to the beginning of the line and erase it (ECMA-48, CR and EL).
    _ = try? output.write(Array("\r\u{1B}[K\(text)".utf8).span)
  }
}
