import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Talks to one agency: hands its messages to the session and does what the session asks for.
struct AgencyService: ~Copyable {
  private let worker: Worker
  private let context: ServiceContext
  private let handle: ConnectionHandle
  private let order: UInt64
  private var stream: PeerStream
  private var session: AgencySession
  /// Not nil once the session has asked for it. It may be lost since.
  private var claim: Claim?

  /// A service that begins with what `stream` has received.
  ///
  /// - Parameter order: the place of the connection in the order in which they were accepted.
  init(
    stream: consuming PeerStream, worker: Worker, context: ServiceContext,
    handle: ConnectionHandle, order: UInt64
  ) {
    self.stream = stream
    self.worker = worker
    self.context = context
    self.handle = handle
    self.order = order
    session = AgencySession(agencies: context.agencies)
  }

  /// Serves until the agency closes the connection.
  mutating func run() async throws(ServiceError) {
    do throws(ServiceError) {
      repeat {
        try await handleFrames()
        await context.log.waitForRoom()
        // A message that has begun must end. Between two messages an agency may take its time.
        if session.agency == nil || !stream.buffer.unread.isEmpty {
          handle.deadline.expectMessage()
        }
      } while try await stream.receive()
      end()
    } catch {
      end()
      throw error
    }
  }

  private mutating func end() {
    if let claim { context.store.release(claim) }
  }

  /// Handles every frame that has arrived. Batches that arrived together are stored together, also
  /// if that took several reads.
  private mutating func handleFrames() async throws(ServiceError) {
    try await handleFramesInBuffer()
    for _ in 1..<Self.readsInATurn {
      guard try stream.receiveMore() else { break }
      try await handleFramesInBuffer()
    }
    try await storePending()
  }

  /// Reads after which what came is stored, even if more has arrived: as many as it takes a buffer
  /// to grow to its full size.
  private static let readsInATurn = 8

  private mutating func handleFramesInBuffer() async throws(ServiceError) {
    var turn = 0
    while let frame = try await nextFrame() {
      turn += 1
      if turn % Self.framesInATurn == 0 {
        await worker.yield()
        // A peer that always has more to say must not put off the end.
        if Task.isCancelled { throw .channel(.cancelled) }
      }
      let bytes = stream.buffer.storage
      let action = session.receive(bytes.span.extracting(frame))
      if action == .gathered {
        stream.buffer.consume(frame: frame)
        if session.pending.isFull { try await storePending() }
      } else {
        try await storePending()
        stream.buffer.consume(frame: frame)
        try await perform(action)
      }
    }
  }

  /// Frames after which the other connections have their turn: many small ones arrive at once.
  private static let framesInATurn = 64

  /// Returns the next frame that is complete. Batches before one that cannot be read are stored.
  private mutating func nextFrame() async throws(ServiceError) -> Range<Int>? {
    do throws(WireError) {
      return try stream.nextFrame()
    } catch {
      try await storePending()
      throw .refused(.malformed, error.description)
    }
  }

  /// Stores the pending batches and answers them.
  private mutating func storePending() async throws(ServiceError) {
    guard let claim, !session.pending.isEmpty else { return }
    stream.park()
    var holdsClaim = true
    var failure: StorageError?
    do throws(StorageError) {
      holdsClaim = try await context.store.store(
        session.pending.rows, count: session.pending.newBets, lastRow: session.pending.lastRow,
        by: claim)
    } catch {
      failure = error
    }
    guard holdsClaim else { throw .superseded }
    let newBets = session.pending.newBets
    let stored = session.stored + (failure == nil ? UInt64(newBets) : 0)
    BatchLogLines.write(session.pending, stored: stored, to: context.log)
    if let failure {
      context.log.error(LogLine("store_bets", .fail, ["error": failure.description]))
      // The next server may find the bets in the file: REJECTED would say that they are not stored.
      if failure.isFatal { throw .refused(.shuttingDown, Self.notStored) }
      throw .rejected(session.pendingFailed(reason: Self.notStored))
    }
    try await stream.send([session.pendingStored(keepsRoom: !stream.isCrowded)])
  }

  private static let notStored = "the server could not store it"
}

/// What the session asks for.
extension AgencyService {
  private mutating func perform(_ action: SessionAction) async throws(ServiceError) {
    switch action {
    case .gathered:
      break
    case .claim(let agency, let key):
      try await checkKey(of: agency, key)
      try await makeClaim(agency)
    case .reply(let message):
      try await stream.send([message])
    case .reject(let message, let bets, let single):
      if let claim {
        BatchLogLines.write(
          message, of: claim.agency, bets: bets, single: single, to: context.log)
      }
      throw .rejected([message])
    case .finish(let total):
      if let claim { try await finish(total: total, by: claim) }
    case .awaitDraw:
      if let claim { try await sendWinners(of: claim.agency) }
    case .tellStatus:
      try checkOperator()
      try await tellStatus()
    case .fail(let code, let reason):
      throw .refused(code, reason)
    }
  }

  private mutating func makeClaim(_ agency: UInt32) async throws(ServiceError) {
    let claim = Claim(agency: agency, order: order) { [handle] in
      handle.interrupt(.error(.superseded))
    }
    self.claim = claim
    guard let record = await context.store.take(claim) else { throw .channel(.cancelled) }
    try await stream.send([
      session.welcome(
        stored: record.stored, lastBet: record.lastBet, hasFinished: record.hasFinished,
        isDrawn: context.draw.isHeld)
    ])
  }

  private mutating func finish(total: UInt64, by claim: Claim) async throws(ServiceError) {
    stream.park()
    let holdsClaim: Bool
    do throws(StorageError) {
      holdsClaim = try await context.store.finish(total: total, by: claim)
    } catch {
      context.log.error(LogLine("store_finished", .fail, ["error": error.description]))
      throw .refused(.shuttingDown, Self.notStored)
    }
    guard holdsClaim else { throw .superseded }
    // The agency counts as finished even if this reply is lost.
    context.draw.agencyFinished(claim.agency)
    try await stream.send([session.confirm()])
  }

  private mutating func sendWinners(of agency: UInt32) async throws(ServiceError) {
    // No task reads from the connection meanwhile, so none would notice that the agency has gone.
    handle.watch(stream.channel)
    stream.park()
    let winners = await context.draw.winners(of: agency)
    handle.watch(nil)
    guard var winners else { throw .channel(.cancelled) }
    while !winners.isAtEnd {
      let frames = try await mapError(Self.noWinners) { () async throws(StorageError) in
        try await context.draw.nextFrames(of: &winners)
      }
      if Task.isCancelled { throw .channel(.cancelled) }
      try await stream.send(frames)
    }
  }

  private static func noWinners(_: StorageError) -> ServiceError {
    .refused(.shuttingDown, "the server could not read the winners")
  }

  private func tellStatus() async throws(ServiceError) {
    var status = context.status
    // The operator's own connection does not count.
    status.connections -= 1
    var bytes: [UInt8] = []
    ServerMessage.appendStatus(status, to: &bytes)
    try await stream.send(bytes)
  }
}

/// What a peer is refused for.
extension AgencyService {
  /// Refuses a wrong key, after a pause that slows down key guessing.
  private func checkKey(of agency: UInt32, _ key: String) async throws(ServiceError) {
    guard let keys = context.keys, !keys.admit(agency, key: key) else { return }
    try await mapError({ (_: any Error) in ServiceError.channel(.cancelled) }) {
      try await Task.sleep(for: Self.refusalPause)
    }
    throw .refused(.wrongKey, "agency \(agency): the key is not this agency's")
  }

  /// Refuses a peer on another machine: the status is for the operator of the server.
  private func checkOperator() throws(ServiceError) {
    guard stream.channel.peer?.isLoopback == true else {
      throw .refused(.notNow, "the status is available only on the server's own machine")
    }
  }

  /// The pause before ERROR for a peer that would otherwise reconnect at once and do the same
  /// again.
  private static let refusalPause = Duration.seconds(1)
}
