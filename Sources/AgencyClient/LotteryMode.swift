import LotteryCore
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
    try await agency.retry.run { () throws(AgencyError) in
      var acknowledged: UInt64 = 0
      try await agency.retry.retrying { () throws(AgencyError) in try await attempt(&acknowledged) }
    }
  }

  /// Makes one attempt, over one connection.
  ///
  /// - Parameter acknowledged: the number of bets that the server said last that it holds.
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

  /// Logs a warning if the server has lost bets that it had acknowledged. They are sent again.
  private func warnOfLoss(held: UInt64, of acknowledged: UInt64) {
    guard held < acknowledged else { return }
    log.warning(
      LogLine(
        "lost_bets", .fail,
        ["error": "the server holds \(held) bets of \(acknowledged) it had acknowledged"]))
  }

  /// Opens the file, sends the bets after those that the server holds, and closes the file.
  ///
  /// - Parameters:
  ///   - lastBet: the last bet that the server holds.
  ///   - acknowledged: the number of bets that the server holds, which grows with each STORED.
  /// - Returns: the number of bets of the agency.
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

  /// Sends the rest of the file. A bad row is thrown only after all bets before it are stored.
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

  /// The size, in bytes, up to which batches are made before they are sent: making many and then
  /// sending many costs less than doing both in turns.
  private static let burstSize = 64 * 1024

  /// Receives the answer to one or more batches, and returns the number of bets in them.
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

  /// Sends FINISHED, waits for the draw, and returns the number of winners.
  private func finish(
    total: UInt64, over connection: inout ServerConnection
  ) async throws(AgencyError) -> Int {
    var frames: [UInt8] = []
    AgencyMessage.finished(total: total).append(to: &frames)
    AgencyMessage.winnersQuery.append(to: &frames)
    try await connection.send(frames)
    guard try await connection.receive("CONFIRMED") == .confirmed else {
      throw .unexpected("CONFIRMED should answer FINISHED")
    }
    agency.retry.noteProgress()
    // Winners are counted and not kept: there may be millions.
    var winners = 0
    // The draw waits for the last agency, so the first frame has no time limit. The others have.
    var isDrawn = false
    while true {
      guard
        case .winners(let more, let documents) = try await connection.receive(
          "WINNERS", isLimited: isDrawn)
      else { throw .unexpected("WINNERS should answer WINNERS?") }
      isDrawn = true
      agency.retry.noteProgress()
      winners += documents.count
      // Otherwise an endless sequence of empty frames would count as progress.
      guard !more || !documents.isEmpty else {
        throw .unexpected("WINNERS without winners, but with more to come")
      }
      if !more { return winners }
    }
  }

  private var configuration: ClientConfiguration { agency.configuration }
  private var log: Log { agency.log }
}

/// The batches in flight: sent, and not acknowledged yet.
struct SendWindow {
  /// The most batches in flight.
  let size: Int
  /// At most `size` batches, in the order in which they were sent. Their ends strictly grow.
  private var inFlight: [AgencyFile.Batch] = []

  /// An empty window of `size` batches, at least one.
  init(size: Int) {
    self.size = size
  }

  /// Batches in flight.
  var count: Int { inFlight.count }
  var isEmpty: Bool { inFlight.isEmpty }
  var isFull: Bool { inFlight.count >= size }

  /// Notes that a batch has been sent.
  mutating func add(_ batch: AgencyFile.Batch) {
    inFlight.append(batch)
  }

  /// Removes the batches that a STORED with this number acknowledges. STORED is cumulative.
  ///
  /// - Returns: the removed batches, or nil if no batch in flight ends there.
  mutating func acknowledge(_ stored: UInt64) -> ArraySlice<AgencyFile.Batch>? {
    let count = inFlight.prefix { $0.end <= stored }.count
    guard count > 0, inFlight[count - 1].end == stored else { return nil }
    defer { inFlight.removeFirst(count) }
    return inFlight[..<count]
  }
}
