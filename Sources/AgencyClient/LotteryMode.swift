import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Exercises 6 to 8: sends all bets of the agency's file, and asks for its winners.
///
/// It can be ended and started again at any time, and so can the server: the server says how far it
/// is, and the agency goes on from there.
struct LotteryMode {
  let agency: Agency

  /// Runs until the winners are known.
  func run() async throws(AgencyError) {
    try await agency.retry.run { () throws(AgencyError) in
      var acknowledged: UInt64 = 0
      try await agency.retry.retrying { () throws(AgencyError) in try await attempt(&acknowledged) }
    }
  }

  /// Talks to the server over one connection.
  ///
  /// - Parameter acknowledged: bets that the server holds, as it said last.
  private func attempt(_ acknowledged: inout UInt64) async throws(AgencyError) {
    try await agency.withConnection { connection throws(AgencyError) in
      let (stored, lastBet) = try await connection.greet(key: agency.key)
      warnOfLoss(held: stored, of: acknowledged)
      acknowledged = stored
      let total = try await sendBets(after: lastBet, noting: &acknowledged, over: &connection)
      let winners = try await finish(total: total, over: &connection)
      log.info(LogLine("consulta_ganadores", .success, ["cant_ganadores": "\(winners)"]))
    }
  }

  /// Tells that bets are gone which the server had acknowledged to this process. They are sent again.
  private func warnOfLoss(held: UInt64, of acknowledged: UInt64) {
    guard held < acknowledged else { return }
    log.warning(
      LogLine(
        "lost_bets", .fail,
        ["error": "the server holds \(held) bets of \(acknowledged) it had acknowledged"]))
  }

  /// Opens the file, sends what comes after the bets that the server holds, and closes it.
  ///
  /// - Parameter lastBet: the last that the server holds.
  /// - Returns: how many bets the agency has in all.
  private func sendBets(
    after lastBet: Bet?, noting acknowledged: inout UInt64,
    over connection: inout ServerConnection
  ) async throws(AgencyError) -> UInt64 {
    let path = configuration.dataFile
    let file = try AgencyFile(path: path, batchMaxAmount: configuration.batchMaxAmount)
    // Runs after `sendBatches`, which consumes the file and so closes it.
    defer {
      log.info(LogLine("close_file", .success, ["client_id": "\(agency.id)", "file": path]))
    }
    return try await sendBatches(of: file, after: lastBet, noting: &acknowledged, over: &connection)
  }

  /// Sends what is left of the file. A bad row ends it only after the rows before it are stored.
  private func sendBatches(
    of file: consuming AgencyFile, after lastBet: Bet?, noting acknowledged: inout UInt64,
    over connection: inout ServerConnection
  ) async throws(AgencyError) -> UInt64 {
    try file.skip(acknowledged, lastBet: lastBet)
    var window = SendWindow(size: configuration.batchWindow)
    var progress = Progress(fileSize: file.rows.size)
    defer { progress.clear() }
    var frames: [UInt8] = []
    while true {
      while !window.isFull, frames.count < Self.burstSize,
        let batch = file.nextBatch(appendingTo: &frames)
      {
        window.add(batch)
      }
      if !frames.isEmpty {
        try await connection.send(frames)
        frames.removeAll(keepingCapacity: true)
      } else if !window.isEmpty {
        let bets = try await receiveStored(&window, over: &connection)
        acknowledged += UInt64(bets)
        agency.retry.noteProgress()
        progress.note(bets, position: file.rows.position, inFlight: window.count)
      } else {
        break
      }
    }
    if let failure = file.failure { throw failure }
    return file.total
  }

  /// Batches are made up to about so many bytes, and then sent one after the other: that costs less
  /// than to make and send them in turns.
  private static let burstSize = 64 * 1024

  /// Takes the answer to one or more batches, and returns how many bets those hold.
  private func receiveStored(
    _ window: inout SendWindow, over connection: inout ServerConnection
  ) async throws(AgencyError) -> Int {
    guard case .stored(let stored) = try await connection.receive("STORED") else {
      throw .unexpected("STORED should answer BATCH")
    }
    guard let batches = window.acknowledge(stored) else {
      throw .unexpected("STORED \(stored) answers no batch")
    }
    for batch in batches {
      log.debug(LogLine("apuesta_enviada", .success, ["cantidad": "\(batch.count)"]))
    }
    return batches.reduce(0) { $0 + $1.count }
  }

  /// Says that the agency has finished, waits for the draw, and returns how many winners there are.
  private func finish(
    total: UInt64, over connection: inout ServerConnection
  ) async throws(AgencyError) -> Int {
    var frames: [UInt8] = []
    AgencyMessage.appendFinished(total: total, to: &frames)
    AgencyMessage.appendWinnersQuery(to: &frames)
    try await connection.send(frames)
    guard try await connection.receive("CONFIRMED") == .confirmed else {
      throw .unexpected("CONFIRMED should answer FINISHED")
    }
    agency.retry.noteProgress()
    // Counted and not kept: there may be millions.
    var winners = 0
    // The draw takes as long as the last agency does. The frames after the first do not.
    var isDrawn = false
    while true {
      guard
        case .winners(let more, let documents) = try await connection.receive(
          "WINNERS", isLimited: isDrawn)
      else { throw .unexpected("WINNERS should answer WINNERS?") }
      isDrawn = true
      agency.retry.noteProgress()
      winners += documents.count
      // Otherwise frames without end would count as progress.
      if more, documents.isEmpty { throw .unexpected("WINNERS of no winners, and more to come") }
      if !more { return winners }
    }
  }

  private var configuration: ClientConfiguration { agency.configuration }
  private var log: Log { agency.log }
}
