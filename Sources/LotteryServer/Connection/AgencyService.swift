import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Talks to one agency: brings bytes to the session, and does what the session asks for.
struct AgencyService: ~Copyable {
  private let channel: Channel
  private let worker: Worker
  private let context: ServiceContext
  private let interruption: Interruption
  private let order: UInt64
  private var session: AgencySession
  private var buffer: InputBuffer
  private var claim: Claim?
  /// Answers that have not been sent.
  private var answers: [UInt8] = []
  private var rejections: RejectionLog

  /// A service that goes on from what `buffer` holds.
  ///
  /// - Parameter order: the place of the connection in the order in which they were accepted.
  init(
    channel: Channel, worker: Worker, context: ServiceContext, interruption: Interruption,
    order: UInt64, buffer: consuming InputBuffer
  ) {
    self.channel = channel
    self.worker = worker
    rejections = RejectionLog(log: context.log, budget: context.rejectionBudget)
    self.context = context
    self.interruption = interruption
    self.order = order
    self.buffer = buffer
    session = AgencySession(agencies: context.agencies)
  }

  /// Serves until the agency closes the connection.
  mutating func run() async throws(ServiceError) {
    defer { rejections.endRun(of: session.agency) }
    do throws(ServiceError) {
      repeat {
        try await handleFrames()
        try await sendAnswers()
        try await slowDown()
        await context.log.waitForRoom()
        // A message that has begun must end; between two messages an agency may take its time.
        if session.isAnonymous || !buffer.unread.isEmpty { interruption.patience.expectMessage() }
      } while try await receive()
      releaseClaim()
    } catch {
      releaseClaim()
      // If these cannot be sent, neither can ERROR: the first failure is the one that counts.
      if case .refused = error { _ = try? await sendAnswers() }
      throw error
    }
  }

  /// Makes an agency whose batches are all rejected wait before the next are looked at, so that it
  /// costs the others less than one whose batches are stored.
  private func slowDown() async throws(ServiceError) {
    guard session.rejectedInARow > Self.quickRejections else { return }
    try await pause(Self.rejectionPause)
  }

  private func pause(_ duration: Duration) async throws(ServiceError) {
    do { try await Task.sleep(for: duration) } catch { throw .channel(.cancelled) }
  }

  /// Batches rejected in a row from which on the agency has to pause.
  private static let quickRejections = 8
  /// The pause after bytes that brought nothing but rejected batches. Short, because an honest agency
  /// may have many megabytes in flight when it meets a bad bet.
  private static let rejectionPause = Duration.milliseconds(10)

  private func releaseClaim() {
    if let claim { context.store.release(claim) }
  }

  private mutating func receive() async throws(ServiceError) -> Bool {
    try await mapError(ServiceError.channel) { () async throws(ChannelError) in
      try await channel.receive(into: &buffer) > 0
    }
  }

  /// Handles every frame that is complete. Batches that arrived together are stored together.
  private mutating func handleFrames() async throws(ServiceError) {
    var turn = 0
    while let frame = try await nextFrame() {
      turn += 1
      if turn % Self.framesInATurn == 0 { await worker.yield() }
      let bytes = buffer.storage
      let action = session.receive(bytes.span.extracting(frame))
      if action == .gathered {
        buffer.consume(frame: frame)
        if session.group.isFull { try await storeGroup() }
      } else if try await storeGroup() {
        buffer.consume(frame: frame)
        try await perform(action)
      }
      // Where the group could not be stored, the session looks at the frame again: it was answered
      // as if the bets before it were there.
    }
    try await storeGroup()
  }

  /// Frames after which the other connections have their turn: many small ones arrive at once.
  private static let framesInATurn = 64

  private mutating func nextFrame() async throws(ServiceError) -> Range<Int>? {
    let found: Result<Range<Int>?, WireError>
    do throws(WireError) {
      found = .success(try buffer.nextFrame())
    } catch {
      found = .failure(error)
    }
    switch found {
    case .success(let frame):
      if frame != nil { interruption.patience.messageCame() }
      return frame
    case .failure(let error):
      try await storeGroup()
      throw .refused(.malformed, error.description)
    }
  }

  /// Stores the batches gathered so far and answers them.
  ///
  /// - Returns: whether they are stored; otherwise the agency has been told.
  @discardableResult
  private mutating func storeGroup() async throws(ServiceError) -> Bool {
    guard let claim, !session.group.isEmpty else { return true }
    // While the disk works, thousands of connections may wait here: release the buffer.
    buffer.shrink()
    var failure: StorageError?
    var holdsClaim = true
    do throws(StorageError) {
      holdsClaim = try await context.store.store(
        session.group.rows, count: session.group.newBets, lastRow: session.group.lastRow, by: claim)
    } catch {
      failure = error
    }
    guard holdsClaim else { throw .superseded }
    if failure == nil, session.group.newBets > 0 { rejections.endRun(of: session.agency) }
    BatchLog.write(session.group, stored: failure == nil, to: context.log)
    guard let failure else {
      try await send([session.groupStored()])
      return true
    }
    context.log.error(LogLine("store_bets", .fail, ["error": failure.description]))
    // The next server may find the bets in the file: REJECTED would say that they are not stored.
    if failure.isFatal { throw .refused(.shuttingDown, Self.notStored) }
    try await send(session.groupFailed(reason: Self.notStored))
    return false
  }

  private static let notStored = "the server could not store it"

  private mutating func perform(_ action: SessionAction) async throws(ServiceError) {
    // Rejections gather; anything else is answered after them, or not at once.
    if case .reject = action {} else { try await sendAnswers() }
    switch action {
    case .gathered:
      break
    case .claim(let agency, let key):
      try await checkKey(of: agency, key)
      try await makeClaim(agency)
    case .reply(let message):
      try await send([message])
    case .reject(let message, let bets, let single):
      rejections.add(message, of: session.agency, bets: bets, single: single)
      message.append(to: &answers)
      if answers.count > Self.answersSize { try await sendAnswers() }
    case .finish(let total):
      try await finish(total: total)
    case .awaitDraw:
      try await sendWinners()
    case .tellStatus:
      try checkOperator()
      try await tellStatus()
    case .tellSyncs:
      try checkOperator()
      try await send([.syncs(context.store.syncTimes)])
    case .fail(let code, let reason):
      if session.isStorming { try await pause(Self.refusalPause) }
      throw .refused(code, reason)
    }
  }

  /// Slows down key guessing.
  private func checkKey(of agency: UInt32, _ key: String) async throws(ServiceError) {
    guard let keys = context.keys, !keys.admit(agency, key: key) else { return }
    try await pause(Self.refusalPause)
    throw .refused(.wrongKey, "agency \(agency): the key is not this agency's")
  }

  /// The pause before ERROR for a peer that would otherwise come back at once, and do the same again.
  private static let refusalPause = Duration.seconds(1)

  private mutating func makeClaim(_ agency: UInt32) async throws(ServiceError) {
    let claim = Claim(agency: agency, order: order) { [interruption] in
      interruption.interrupt(.error(.superseded))
    }
    self.claim = claim
    guard let record = await context.store.take(claim) else { throw .channel(.cancelled) }
    try await send([
      session.welcome(
        stored: record.stored, lastBet: record.lastBet, hasFinished: record.hasFinished,
        isDrawn: context.draw.isHeld)
    ])
  }

  private mutating func finish(total: UInt64) async throws(ServiceError) {
    guard let claim else { return }
    buffer.shrink()
    let holdsClaim: Bool
    do throws(StorageError) {
      holdsClaim = try await context.store.finish(total: total, by: claim)
    } catch {
      context.log.error(LogLine("store_finished", .fail, ["error": error.description]))
      throw .refused(.shuttingDown, Self.notStored)
    }
    guard holdsClaim else { throw .superseded }
    // It has finished, whether or not it hears so: the others must not wait for it in vain.
    context.draw.agencyFinished(session.agency)
    try await send([session.confirm()])
  }

  private mutating func sendWinners() async throws(ServiceError) {
    // Nobody reads from the connection meanwhile, or would notice that the agency has gone.
    interruption.watch(channel)
    buffer.shrink()
    let winners = await context.draw.winners(of: session.agency)
    interruption.watch(nil)
    guard var winners else { throw .channel(.cancelled) }
    while !winners.isAtEnd {
      let frames = try await nextFrames(of: &winners)
      if Task.isCancelled { throw .channel(.cancelled) }
      try await send(frames)
    }
  }

  private func nextFrames(of winners: inout WinnerReader) async throws(ServiceError) -> [UInt8] {
    do throws(StorageError) {
      return try await context.draw.nextFrames(of: &winners)
    } catch {
      throw .refused(.shuttingDown, "the server could not read the winners")
    }
  }

  /// The operator works where the server runs; the agencies' standing is nobody else's affair.
  private func checkOperator() throws(ServiceError) {
    guard channel.peer?.isLoopback == true else {
      throw .refused(.notNow, "the status is told on the server's own machine alone")
    }
  }

  private func tellStatus() async throws(ServiceError) {
    var status = context.status
    // The operator's own connection is none to speak of.
    status.connections -= 1
    var bytes: [UInt8] = []
    ServerMessage.appendStatus(status, to: &bytes)
    try await send(bytes)
  }

  private mutating func send(_ messages: [ServerMessage]) async throws(ServiceError) {
    for message in messages { message.append(to: &answers) }
    try await sendAnswers()
  }

  /// Sends the answers that have gathered.
  private mutating func sendAnswers() async throws(ServiceError) {
    guard !answers.isEmpty else { return }
    let bytes = answers
    answers = []
    try await send(bytes)
  }

  /// Answers to batches that arrived together are sent together, up to about so many bytes.
  private static let answersSize = 16 * 1024

  private func send(_ bytes: [UInt8]) async throws(ServiceError) {
    // Who does not take its answers is as slow as who does not send its messages.
    interruption.patience.expectMessage()
    defer { interruption.patience.messageCame() }
    do throws(ChannelError) {
      // Many winners on a slow line take their time.
      try await channel.send(bytes) { interruption.patience.renew() }
    } catch {
      throw .channel(error)
    }
  }
}
