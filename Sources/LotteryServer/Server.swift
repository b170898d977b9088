import LotteryCore
import LotteryProtocol
import ProcessSupport
import Synchronization

/// The server of the lottery: listens, serves each connection on a worker of its own, and ends in
/// order.
final class Server: Sendable {
  private let listener: Listener
  let context: ServiceContext
  private var connections: ConnectionRegistry { context.connections }
  /// Opens when the disk can no longer be relied upon.
  private let failure: Promise<StorageError>
  private let timeout: Duration

  /// Pause after an attempt to accept that failed for want of descriptors or memory.
  private static let acceptPause = Duration.milliseconds(100)

  /// How often connections are looked at, at least.
  private static let lookInterval = Duration.seconds(5)

  /// Opens the files and the port.
  ///
  /// - Parameter keys: what agencies must show; nil lets anyone be any agency.
  /// - Throws: ``ServerError``
  init(
    _ configuration: ServerConfiguration, keys: AgencyKeys? = nil, log: Log
  ) throws(ServerError) {
    let limit = min(configuration.maxConnections, ConnectionLimit.ofProcess())
    let limitPerAddress = configuration.maxConnectionsPerAddress
    // Connected agencies wait for the draw, and the draw waits for agencies that cannot connect.
    if Int(configuration.agencies) > limit {
      log.warning(Self.tooFew("the \(limit) connections: the draw may never be held"))
    }
    if Int(configuration.agencies) > limitPerAddress {
      log.warning(
        Self.tooFew(
          "the \(limitPerAddress) connections from one address: if they share one, the draw may"
            + " never be held"))
    }
    timeout = configuration.timeout
    let failure = Promise<StorageError>()
    self.failure = failure
    let onFailure: @Sendable (StorageError) -> Void = { failure.fulfill($0) }
    let store: BetStore
    do throws(StorageError) {
      store = try BetStore(
        directory: configuration.dataDirectory, durability: configuration.durability,
        onFailure: onFailure)
    } catch {
      throw .storage(error)
    }
    Self.log(store.recovery, to: log)
    let draw = Draw(
      agencies: Int(configuration.agencies), bets: store.storedBets, log: log,
      winnersDelay: configuration.winnersDelay, onFailure: onFailure)
    context = ServiceContext(
      agencies: configuration.agencies, keys: keys, store: store, draw: draw,
      connections: ConnectionRegistry(
        limit: limit, limitPerAddress: limitPerAddress),
      log: log, acceptLog: AcceptLog(log))
    do throws(SystemError) {
      listener = try Listener(
        port: configuration.port, backlog: configuration.acceptQueue)
    } catch {
      store.close()
      throw .port(configuration.port, error)
    }
  }

  /// The port that the server listens on.
  var port: UInt16 { listener.port }

  /// Serves until the task is cancelled, then ends in order: no new connections, what is in flight
  /// answered or refused, everything closed.
  ///
  /// - Throws: ``ServerError`` where it had to end because the disk failed. It may be started
  ///   again.
  func run() async throws(ServerError) {
    // Agencies that had finished before a restart need not come back for the draw to be held.
    // Those of an earlier, larger lottery must not stand in for ones that have not finished.
    for agency in context.store.finishedAgencies where agency <= context.agencies {
      context.draw.agencyFinished(agency)
    }
    context.acceptLog.begin()
    await withTaskGroup { group in
      group.addTask { await self.acceptConnections() }
      group.addTask { _ = await self.failure.wait() }
      group.addTask { await self.endOverdueConnections() }
      await group.next()
      group.cancelAll()
    }
    context.acceptLog.end()
    await close()
    if let error = failure.value { throw .storage(error) }
  }

  private func close() async {
    listener.close()
    context.log.info(LogLine("close_socket", .success, ["socket": "listener"]))
    let open = connections.count
    await connections.endAll(.shuttingDown)
    context.log.info(LogLine("close_workers", .success, ["cantidad": "\(open)"]))
    context.store.close { file in
      context.log.info(LogLine("close_file", .success, ["file": file]))
    }
    let directory = context.store.directory.path
    context.log.info(LogLine("close_directory", .success, ["directory": directory]))
  }

  private static func tooFew(_ limit: String) -> LogLine {
    LogLine("limit_connections", .success, ["note": "more agencies than \(limit)"])
  }

  private static func log(_ report: Recovery.Report, to log: Log) {
    log.info(
      LogLine(
        "recovery", .success,
        [
          "bets": "\(report.bets)", "agencies": "\(report.agencies)",
          "finished": "\(report.finished)", "torn_bytes": "\(report.tornBytes)",
          "duration": report.duration.goText,
        ]))
    for agency in report.reopened {
      log.warning(
        LogLine(
          "reopen_agency", .success,
          [
            "agency": "\(agency.agency)", "total": "\(agency.total)",
            "stored": "\(agency.stored)",
            "note": "finished with other bets than are stored: it must finish again",
          ]))
    }
  }

  private func acceptConnections() async {
    var isExhausted = false
    var accepted: UInt64 = 0
    while true {
      await waitForRoom()
      // A connection makes at least two lines.
      await context.log.waitForRoom()
      do throws(ChannelError) {
        let (channel, worker) = try await listener.accept()
        isExhausted = false
        accepted += 1
        serve(channel, on: worker, order: accepted)
      } catch {
        guard case .broken(let error) = error else { return }
        // The connection waits in the kernel's queue: come back for it when there is room.
        if !isExhausted {
          context.log.error(
            LogLine("accept_connections", .fail, ["error": error.description]))
        }
        isExhausted = true
        do { try await Task.sleep(for: Self.acceptPause) } catch { return }
      }
    }
  }

  private func serve(_ channel: Channel, on worker: Worker, order: UInt64) {
    let connection = Connection(
      channel: channel, worker: worker, context: context,
      interruption: Interruption(patience: Patience(limit: timeout)), order: order)
    guard !connections.start(connection) else { return }
    channel.close()
    context.log.warning(
      LogLine(
        "limit_connections", .success,
        ["ip": channel.peer?.ip ?? "", "note": "too many connections from this address"]))
  }

  /// Looks after peers that owe a message for too long, or have vanished, until the task is
  /// cancelled.
  private func endOverdueConnections() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: min(timeout / 4, Self.lookInterval))
      endOverdueConnections(at: .now)
    }
  }

  /// Ends the connections whose peer owes a message for longer than it may.
  func endOverdueConnections(at now: ContinuousClock.Instant) {
    connections.endOverdue(at: now)
  }

  private func waitForRoom() async {
    guard !connections.hasRoom else { return }
    context.log.warning(
      LogLine("accept_connections", .fail, ["error": "\(connections.count) connections are open"]))
    await connections.waitForRoom()
  }
}
