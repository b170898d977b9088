import LotteryCore
import LotteryProtocol
import ProcessSupport

/// One accepted connection, from its first byte to its last.
struct Connection: Sendable {
  let channel: Channel
  let worker: Worker
  let context: ServiceContext
  let interruption: Interruption
  /// Its place in the order in which connections were accepted.
  let order: UInt64
  private var isAnnounced = false
  private var isEcho = false

  /// A connection that ``run()`` is going to serve.
  init(
    channel: Channel, worker: Worker, context: ServiceContext, interruption: Interruption,
    order: UInt64
  ) {
    self.channel = channel
    self.worker = worker
    self.context = context
    self.interruption = interruption
    self.order = order
  }

  /// Bytes taken off the socket in one go. Larger reads mean fewer of them; smaller ones let more
  /// connections live at once.
  static let bufferSize = 64 * 1024
  /// Bytes that a peer may still send after it was told ERROR, before it is cut off.
  private static let drainLimit = 1024 * 1024

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
    // Its work ends with this line, and nobody gives it any more.
    context.log.info(LogLine("close_worker", .success, ["ip": ip]))
  }

  private var ip: String { channel.peer?.ip ?? "" }

  private mutating func serve() async throws(ServiceError) {
    var buffer = InputBuffer(capacity: Self.bufferSize)
    // Health checks on this machine ask for the status, or say nothing: they are not worth a line.
    if channel.peer?.isLoopback != true { announce() }
    interruption.patience.expectMessage()
    guard try await receiveFirst(into: &buffer) else { return }
    if !Self.asksForStatus(buffer) { announce() }
    isEcho = buffer.storage[buffer.unread.lowerBound] != 0
    if !isEcho {
      var service = AgencyService(
        channel: channel, worker: worker, context: context, interruption: interruption,
        order: order, buffer: buffer)
      try await service.run()
    } else {
      var service = EchoService(channel: channel, log: context.log, buffer: buffer)
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

  private func receiveFirst(into buffer: inout InputBuffer) async throws(ServiceError) -> Bool {
    do throws(ChannelError) {
      return try await channel.receive(into: &buffer) > 0
    } catch {
      throw .channel(error)
    }
  }

  private mutating func end(because error: ServiceError) async {
    switch error {
    case .refused(let code, let reason):
      await refuse(code, reason)
    case .channel(.cancelled):
      await endInterrupted()
    case .channel(.broken(let error)):
      context.log.debug(
        LogLine("connection_lost", .fail, ["ip": ip, "error": error.description]))
    }
  }

  private mutating func endInterrupted() async {
    switch interruption.reason {
    case .error(let code):
      // Who speaks another protocol would not understand an ERROR.
      if !isEcho { await refuse(code, code.explanation) }
    case .vanished:
      context.log.debug(
        LogLine("connection_lost", .fail, ["ip": ip, "error": "the peer has vanished"]))
    case nil:
      break
    }
  }

  /// Tells the peer why, and gives it a moment to hear it.
  private mutating func refuse(_ code: ErrorCode, _ reason: String) async {
    announce()
    context.log.info(
      LogLine(
        "refuse_connection", .success, ["ip": ip, "code": "\(code.rawValue)", "reason": reason]))
    var bytes: [UInt8] = []
    ServerMessage.error(code: code, reason: reason).append(to: &bytes)
    let channel = channel
    // A task of its own: that of the connection may have been cancelled.
    let farewell = Task(executorPreference: worker) { [bytes] in
      do throws(ChannelError) {
        try await channel.send(bytes)
        await channel.drain(limit: Self.drainLimit)
      } catch {
        // The peer has gone: nobody to tell.
      }
    }
    Deadline.cancel(farewell, after: Self.farewellLimit)
    interruption.onShutdown { Deadline.cancel(farewell, after: Self.shutdownLimit) }
    await farewell.value
  }

  /// How long the peer has to hear why.
  private static let farewellLimit = Duration.seconds(2)
  /// How long it has once the server shuts down, which has to be quick.
  private static let shutdownLimit = Duration.milliseconds(250)
}
