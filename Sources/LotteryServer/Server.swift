import LotteryProtocol
import ProcessSupport
import Synchronization

/// The server of the lottery: listens, serves each connection on a worker of its own, and shuts
/// down gracefully.
final class Server: Sendable {
  private let listener: Listener
  let context: ServiceContext
  private var connections: ConnectionRegistry { context.connections }
  /// Fulfilled when the disk can no longer be relied upon, which ends the server.
  private let failure: Promise<StorageError>

  /// The pause after an attempt to accept that failed for lack of descriptors or memory.
  private static let acceptPause = Duration.milliseconds(100)

  /// Connections accepted after which other workers have their turn: as long as connections are
  /// waiting, the loop never suspends by itself.
  static let acceptsInATurn: UInt64 = 64

  /// Opens the files and the port.
  ///
  /// - Parameter keys: the key of each agency; nil lets any client speak for any agency.
  /// - Throws: ``StorageError`` or ``PortError``; `CancellationError` if the task is cancelled.
  init(_ configuration: ServerConfiguration, keys: AgencyKeys? = nil, log: Log) throws {
    let limit = min(configuration.maxConnections, ConnectionLimit.ofProcess())
    let limitPerAddress = configuration.maxConnectionsPerAddress
    Self.warn(log, agencies: Int(configuration.agencies), limit, perAddress: limitPerAddress)
    let failure = Promise<StorageError>()
    self.failure = failure
    let onFailure: @Sendable (StorageError) -> Void = { failure.fulfill($0) }
    let store = try BetStore(directory: configuration.dataDirectory, onFailure: onFailure)
    Self.log(store.recovery, to: log)
    let draw = Draw(
      agencies: Int(configuration.agencies), bets: store.bets, log: log,
      winnersDelay: configuration.winnersDelay, onFailure: onFailure)
    context = ServiceContext(
      agencies: configuration.agencies, keys: keys, store: store, draw: draw,
      connections: ConnectionRegistry(
        limit: limit, limitPerAddress: limitPerAddress),
      log: log, acceptLog: AcceptLog(log), timeout: configuration.timeout,
      farewell: configuration.farewell)
    do throws(SystemError) {
      listener = try Listener(
        port: configuration.port, backlog: configuration.acceptQueue)
    } catch {
      store.close()
      throw PortError(port: configuration.port, error: error)
    }
  }

  var port: UInt16 { listener.port }

  /// Serves until the task is cancelled, then shuts down gracefully: accepts no more connections,
  /// answers or refuses what is in flight, and closes everything.
  ///
  /// - Throws: ``StorageError`` if it had to end because the disk failed. It may be started again.
  func run() async throws(StorageError) {
    // Agencies that finished before a restart need not reconnect for the draw to be held. Agencies
    // of an earlier, larger lottery must not count for ones that have not finished.
    for agency in context.store.finishedAgencies where agency <= context.agencies {
      context.draw.agencyFinished(agency)
    }
    context.acceptLog.begin()
    await withTaskGroup { group in
      group.addTask { await self.acceptConnections() }
      group.addTask { _ = await self.failure.wait() }
      await group.next()
      group.cancelAll()
    }
    context.acceptLog.end()
    await close()
    if let error = failure.value { throw error }
  }

  private func close() async {
    listener.close()
    context.log.info(LogLine("close_socket", .success, ["socket": "listener"]))
    let open = connections.count
    await connections.endAll()
    context.log.info(LogLine("close_workers", .success, ["cantidad": "\(open)"]))
    await context.draw.end()
    context.log.info(LogLine("close_worker", .success, ["worker": "draw"]))
    context.store.close { file in
      context.log.info(LogLine("close_file", .success, ["file": file]))
    }
    let directory = context.store.directory.path
    context.log.info(LogLine("close_directory", .success, ["directory": directory]))
  }

  /// Warns of limits that can keep the draw from being held: connected agencies wait for the draw,
  /// and the draw waits for agencies that cannot connect.
  private static func warn(
    _ log: Log, agencies: Int, _ limit: Int, perAddress limitPerAddress: Int
  ) {
    var notes: [String] = []
    if agencies > limit { notes.append("the \(limit) connections: the draw may never be held") }
    if agencies > limitPerAddress {
      notes.append(
        "the \(limitPerAddress) connections from one address: if they share one, the draw may"
          + " never be held")
    }
    for note in notes {
      log.warning(LogLine("limit_connections", .success, ["note": "more agencies than \(note)"]))
    }
  }

  private static func log(_ report: Recovery.Report, to log: Log) {
    let isNew = report.bets == 0 && report.finished == 0
    log.info(
      LogLine(
        "recovery", .success,
        [
          "bets": "\(report.bets)", "agencies": "\(report.agencies)",
          "finished": "\(report.finished)", "torn_bytes": "\(report.tornBytes)",
          "duration": report.duration.goText,
          "note": isNew
            ? "a new lottery"
            : "goes on with these; for a new lottery, delete them: make docker-compose-down",
        ]))
    for cut in report.cuts {
      log.warning(
        LogLine(
          "cut_rest", .success,
          [
            "file": cut.path, "bytes": "\(cut.rest.count)",
            "row": PrintableText.escaped(cut.rest.beginning.span),
            "note": "a crash left it after the last whole row; it was never acknowledged",
          ]))
    }
  }

  private func acceptConnections() async {
    var isExhausted = false
    var accepted: UInt64 = 0
    while true {
      await waitForRoom()
      // Each connection logs at least two lines.
      await context.log.waitForRoom()
      do throws(SystemError) {
        guard let handle = try await listener.accept() else { return }
        isExhausted = false
        accepted += 1
        serve(handle)
        if accepted % Self.acceptsInATurn == 0 { await handle.worker.yield() }
      } catch {
        // The connection stays in the kernel's queue until there is room, unless it was accepted
        // and could not be watched: then it is closed.
        if !isExhausted {
          context.log.error(
            LogLine("accept_connections", .fail, ["error": error.description]))
        }
        isExhausted = true
        do { try await Task.sleep(for: Self.acceptPause) } catch { return }
      }
    }
  }

  private func serve(_ handle: Connection.Handle) {
    let context = context
    let isServed = connections.start(handle) { number in
      var service = ConnectionService(handle, number: number, context: context)
      await service.run()
    }
    if isServed { return }
    handle.close()
    context.log.stranger(
      .warning,
      LogLine(
        "limit_connections", .success,
        ["ip": handle.peer?.ip ?? "", "note": "too many connections from this address"]))
  }

  private func waitForRoom() async {
    await connections.makeRoom {
      context.log.warning(
        LogLine(
          "accept_connections", .fail, ["error": "\(connections.count) connections are open"]))
    }
  }
}
