import LotteryProtocol
import ProcessSupport

/// Talks to one agency: hands its messages to the session and does what the session asks for.
struct AgencyService {
  private let connection: Connection
  private let server: Server
  /// The place of the connection in the order in which they were accepted.
  private let number: UInt64
  /// Whether there are so many connections that their memory counts.
  private let isCrowded: Bool
  private var session: ServerSession
  /// Bytes of ``Server/usedMemory`` that this connection has.
  private var memory = 0
  var claim: Claim? { session.claim }

  init(connection: Connection, server: Server, number: UInt64, isCrowded: Bool) {
    self.connection = connection
    self.server = server
    self.number = number
    self.isCrowded = isCrowded
    session = ServerSession(agencies: server.configuration.agencies)
  }

  /// Serves until the agency closes the connection.
  mutating func run() async throws {
    defer {
      if let claim { server.store.release(claim) }
      server.connections.mark(number, speaks: false)
      server.takeMemory(-memory)
    }
    repeat {
      try await handleFrames()
      try await connection.flush()
      await server.log.waitForRoom()
      setDeadline()
    } while try await connection.fill()
  }

  /// A message that has begun must end, however often a byte comes. Between two messages an agency
  /// may take its time.
  private func setDeadline() {
    let owesMessage = claim == nil || !connection.unread.isEmpty
    let next = ContinuousClock.now + server.configuration.timeout
    connection.deadline = owesMessage ? connection.deadline ?? next : nil
  }

  /// Handles every frame that has arrived. Batches that arrived together are stored together, also
  /// if that took several reads.
  private mutating func handleFrames() async throws {
    try await handleFramesInBuffer()
    for _ in 1..<Self.readsInATurn {
      guard connection.mayHaveMore, try connection.fillNow() else { break }
      try await handleFramesInBuffer()
    }
    try await storePending()
  }

  /// Reads after which what came is stored, even if more has arrived.
  private static let readsInATurn = 8

  private mutating func handleFramesInBuffer() async throws {
    var turn = 0
    while let action = try await nextAction() {
      connection.deadline = nil
      turn += 1
      if turn % Self.framesInATurn == 0 {
        await connection.handle.worker.yield()
        // A peer that always has more to say must not put off the end.
        try connection.check()
      }
      if action == .gathered {
        countMemory()
        if session.pending.isFull || server.usedMemory >= Server.memoryLimit {
          try await storePending()
          try await connection.flush()
        }
      } else {
        try await storePending()
        try await perform(action)
      }
    }
  }

  /// Frames after which the other connections have their turn: many small ones arrive at once.
  private static let framesInATurn = 64

  /// Hands the next complete frame to the session, and returns what that asks for. Batches before
  /// a frame that cannot be read are stored.
  ///
  /// The frame ends here: during what follows its memory may be released.
  private mutating func nextAction() async throws -> SessionAction? {
    do throws(WireError) {
      return try connection.nextFrame().map { session.receive($0.span) }
    } catch {
      try await storePending()
      throw ServiceError.refused(.malformed, error.description)
    }
  }

  /// Stores the pending batches, and gathers their answer.
  private mutating func storePending() async throws {
    guard let claim, !session.pending.isEmpty else { return }
    park()
    do {
      try await server.store.store(session.pending, by: claim)
    } catch let error as StorageError {
      session.pending.log(stored: session.stored, to: server.log)
      server.log.error(LogLine("store_bets", .fail, ["error": error.description]))
      // The next server may find the bets in the file: REJECTED would say that they are not stored.
      guard case .notWritten = error else { throw Self.cannotStore }
      for answer in session.pendingFailed(reason: Self.notStored) { connection.append(answer) }
      throw ServiceError.rejected
    }
    session.pending.log(
      stored: session.stored + UInt64(session.pending.newBets), to: server.log)
    let keepsRoom = !isCrowded && server.usedMemory < Server.memoryLimit
    connection.append(session.pendingStored(keepsRoom: keepsRoom))
    countMemory()
  }

  private static let notStored = "the server could not store it"
  private static let cannotStore = ServiceError.refused(.shuttingDown, notStored)

  private mutating func countMemory() {
    let size = session.pending.memory
    if size != memory { server.takeMemory(size - memory) }
    memory = size
  }

  /// Releases memory before a wait for something else than the agency: thousands may wait for a
  /// sync or for the draw.
  private func park() {
    if isCrowded { connection.park() }
  }
}

/// What the session asks for.
extension AgencyService {
  private mutating func perform(_ action: SessionAction) async throws {
    switch action {
    case .gathered:
      break
    case .claim(let agency, let key):
      server.connections.mark(number, speaks: true)
      try await checkKey(of: agency, key)
      try await makeClaim(agency)
    case .reply(let message):
      connection.append(message)
    case .reject(let message, let agency, let bets, let single):
      server.log.info(.batch(of: bets, single: single, .fail))
      logRejection(message, of: agency)
      connection.append(message)
      throw ServiceError.rejected
    case .finish(let total, let claim):
      try await finish(total: total, by: claim)
    case .awaitDraw(let agency):
      try await sendWinners(of: agency)
    case .tellStatus:
      try tellStatus()
    case .fail(let code, let reason):
      throw ServiceError.refused(code, reason)
    }
    try await connection.flush()
  }

  private mutating func makeClaim(_ agency: UInt32) async throws {
    let claim = Claim(agency: agency, order: number) { [handle = connection.handle] in
      handle.interrupt(.superseded)
    }
    guard let record = await server.store.take(claim) else { try throwInterruption() }
    connection.append(
      session.welcome(
        claim, stored: record.stored, lastBet: record.lastBet, hasFinished: record.hasFinished,
        isDrawn: server.draw.isHeld))
  }

  private mutating func finish(total: UInt64, by claim: Claim) async throws {
    park()
    do {
      try await server.store.finish(total: total, by: claim)
    } catch let error as StorageError {
      server.log.error(LogLine("store_finished", .fail, ["error": error.description]))
      throw Self.cannotStore
    }
    // The agency counts as finished even if this reply is lost.
    server.draw.agencyFinished(claim.agency)
    connection.append(session.confirm(claim))
  }

  private mutating func sendWinners(of agency: UInt32) async throws {
    // What is to be sent must not wait for the draw.
    try await connection.flush()
    park()
    connection.handle.watchForBreak(true)
    let winners = await server.draw.winners(of: agency)
    connection.handle.watchForBreak(false)
    guard var winners else { try throwInterruption() }
    while !winners.isAtEnd {
      do throws(StorageError) {
        connection.append(try await server.draw.nextFrames(of: &winners))
      } catch {
        throw ServiceError.refused(.shuttingDown, "the server could not read the winners")
      }
      try await connection.flush()
      try connection.check()
    }
  }

  /// Answers the operator. A peer on another machine is refused.
  private func tellStatus() throws {
    guard connection.handle.peer?.isLoopback == true else {
      throw ServiceError.refused(
        .notNow, "the status is available only on the server's own machine")
    }
    var status = server.status
    // The operator's own connection does not count.
    status.connections -= 1
    var bytes: [UInt8] = []
    ServerMessage.appendStatus(status, to: &bytes)
    connection.append(bytes)
  }

  /// Refuses a wrong key, after a pause that slows down key guessing.
  private func checkKey(of agency: UInt32, _ key: String) async throws {
    guard let keys = server.keys, !keys.admit(agency, key: key) else { return }
    try? await Task.sleep(for: Self.refusalPause)
    try connection.check()
    throw ServiceError.refused(.wrongKey, "agency \(agency): the key is not this agency's")
  }

  private static let refusalPause = Duration.seconds(1)

  /// Says why a batch is rejected, after the exercises' own line.
  private func logRejection(_ message: ServerMessage, of agency: UInt32) {
    guard case .rejected(let offset, let index, let code, let reason) = message else { return }
    server.log.info(
      LogLine(
        "reject_batch", .success,
        [
          "agency": "\(agency)", "offset": "\(offset)", "index": "\(index)",
          "code": "\(code.rawValue)", "error": reason,
        ]))
  }

  /// Throws why a wait was cancelled.
  private func throwInterruption() throws(ConnectionError) -> Never {
    try connection.check()
    // Not through the connection: its task was cancelled.
    throw .interrupted(.cancelled)
  }
}

/// The log lines of batches, which graders add up.
extension PendingBets {
  /// Logs one line for each batch: how many bets it brought. Those that were stored before are not
  /// counted again.
  ///
  /// - Parameter stored: bets of the agency that are stored now. A batch that ends after them could
  ///   not be stored.
  func log(stored: UInt64, to log: Log) {
    for batch in batches {
      if batch.end <= stored, batch.newBets == 0 {
        log.debug(LogLine("batch_repeated", .success, ["offset": "\(batch.offset)"]))
      } else {
        let result = batch.end <= stored ? LogLine.Result.success : .fail
        log.info(.batch(of: batch.newBets, single: batch.single, result))
      }
    }
  }
}

extension LogLine {
  /// The line of a BATCH as exercise 6 has it, or that of a `single` BET as exercise 5 has it.
  fileprivate static func batch(
    of bets: Int, single: BetBatch.Label?, _ result: Result
  ) -> LogLine {
    guard let single else { return LogLine("apuesta_recibida", result, ["cantidad": "\(bets)"]) }
    return LogLine(
      "apuesta_almacenada", result, ["dni": single.document, "numero": "\(single.number)"])
  }
}
