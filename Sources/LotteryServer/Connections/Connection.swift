import LotteryCore
import LotteryProtocol
import ProcessSupport

/// One accepted connection, from its first byte to its last.
struct Connection: Sendable {
  let channel: Channel
  let worker: Worker
  let context: ServiceContext
  let handle: ConnectionHandle
  /// Its place in the order in which connections were accepted.
  let order: UInt64
  private var isAnnounced = false
  private var isEcho = false

  /// A connection that ``run()`` is going to serve.
  init(
    channel: Channel, worker: Worker, context: ServiceContext, handle: ConnectionHandle,
    order: UInt64
  ) {
    self.channel = channel
    self.worker = worker
    self.context = context
    self.handle = handle
    self.order = order
  }

  /// Bytes that a peer may still send after ERROR or REJECTED before the connection is closed: the
  /// largest window of ours, 1024 batches in flight.
  private static let drainLimit = 1024 * ProtocolLimits.packetSize

  /// Serves the connection, and closes it.
  mutating func run() async {
    do throws(ServiceError) {
      try await serve()
    } catch {
      await end(because: error)
    }
    channel.close()
    guard isAnnounced else { return }
    context.log.info(LogLine("close_socket", .success, ["ip": ip]))
    // The worker's last job ends with this line.
    context.log.info(LogLine("close_worker", .success, ["ip": ip]))
  }

  private var ip: String { channel.peer?.ip ?? "" }

  private mutating func serve() async throws(ServiceError) {
    var stream = PeerStream(
      channel: channel, deadline: handle.deadline, others: context.connections.count - 1)
    // Health checks on this machine ask for the status or send nothing. They are not worth a line.
    if channel.peer?.isLoopback != true { announce() }
    handle.deadline.expectMessage()
    guard try await stream.receive() else { return }
    if !Self.asksForStatus(stream.buffer) { announce() }
    isEcho = stream.buffer.storage[stream.buffer.unread.lowerBound] != 0
    if isEcho {
      var service = EchoService(stream: stream, log: context.log)
      try await service.run()
    } else {
      var service = AgencyService(
        stream: stream, worker: worker, context: context, handle: handle, order: order)
      try await service.run()
    }
  }

  private static func asksForStatus(_ buffer: borrowing InputBuffer) -> Bool {
    buffer.storage[buffer.unread].starts(with: statusQuery)
  }

  private static let statusQuery: [UInt8] = {
    var bytes: [UInt8] = []
    AgencyMessage.statusQuery.append(to: &bytes)
    return bytes
  }()

  private mutating func announce() {
    guard !isAnnounced else { return }
    isAnnounced = true
    context.acceptLog.announce(ip: ip)
  }

  private mutating func end(because error: ServiceError) async {
    switch error {
    case .refused(let code, let reason):
      await refuse(code, reason)
    case .rejected(let answers):
      await sayFarewell(answers)
    case .channel(.cancelled):
      await endInterrupted()
    case .channel(.broken(let error)):
      context.log.debug(
        LogLine("connection_lost", .fail, ["ip": ip, "error": error.description]))
    }
  }

  private mutating func endInterrupted() async {
    switch handle.reason {
    case .error(let code):
      // A client of the echo service would not understand an ERROR.
      if !isEcho { await refuse(code, code.explanation) }
    case .vanished:
      context.log.debug(
        LogLine("connection_lost", .fail, ["ip": ip, "error": "the peer has vanished"]))
    case nil:
      break
    }
  }

  /// Logs a refusal and sends ERROR.
  private mutating func refuse(_ code: ErrorCode, _ reason: String) async {
    announce()
    context.log.info(
      LogLine(
        "refuse_connection", .success, ["ip": ip, "code": "\(code.rawValue)", "reason": reason]))
    await sayFarewell([.error(code: code, reason: reason)])
  }

  /// Sends the last messages, and gives them time to arrive.
  private func sayFarewell(_ messages: [ServerMessage]) async {
    var bytes: [UInt8] = []
    for message in messages { message.append(to: &bytes) }
    let channel = channel
    // A task of its own: that of the connection may have been cancelled.
    let farewell = Task(executorPreference: worker) { [bytes] in
      do throws(ChannelError) {
        try await channel.send(bytes)
        await channel.drain(limit: Self.drainLimit)
      } catch {
        // Best effort: the peer has gone.
      }
    }
    Deadline.cancel(farewell, after: Self.farewellLimit)
    handle.onShutdown { Deadline.cancel(farewell, after: Self.shutdownLimit) }
    await farewell.value
  }

  /// How long the last messages may take to arrive.
  private static let farewellLimit = Duration.seconds(2)
  /// How long it may take once the server shuts down, which has to be quick.
  private static let shutdownLimit = Duration.milliseconds(250)
}

/// Why a service ends a connection before the peer does.
enum ServiceError: Error {
  /// The connection broke, or its task was cancelled.
  case channel(ChannelError)
  /// The peer broke the contract or may not go on, and is sent ERROR.
  case refused(ErrorCode, String)
  /// A batch could not be taken. The peer is sent these, which end with REJECTED.
  case rejected([ServerMessage])

  /// A newer connection of the agency took over.
  ///
  /// The connection may find the claim lost before the newer one interrupts it, and must then send
  /// ERROR 7 all the same.
  static var superseded: Self { .refused(.superseded, ErrorCode.superseded.explanation) }
}

extension ErrorCode {
  /// Why the server ends a connection that did nothing wrong, for the agency.
  fileprivate var explanation: String {
    switch self {
    case .superseded: "a newer connection of this agency took over"
    case .tooSlow: "no complete message in time"
    default: "the server is shutting down"
    }
  }
}
