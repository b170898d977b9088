import LotteryProtocol
import ProcessSupport
import Synchronization

/// The server of the lottery: listens, serves each connection on a worker of its own, and shuts
/// down gracefully.
final class Server: Sendable {
  let configuration: ServerConfiguration
  /// The key of each agency; nil lets any client speak for any agency.
  let keys: AgencyKeys?
  let store: BetStore
  let draw: Draw
  let connections: ConnectionRegistry
  let log: Log
  private let listener: Listener
  /// Fulfilled when the disk can no longer be relied upon, which ends the server.
  private let failure: Promise<StorageError>
  /// Whether connections are accepted. The lock also guards the order of the lines that say so.
  private let isAccepting = Mutex(false)

  /// Bytes that the pending bets of all connections take together.
  private let memory = Atomic(0)

  /// The pause after an attempt to accept that failed for lack of descriptors or memory.
  private static let acceptPause = Duration.milliseconds(100)

  /// Connections accepted after which other workers have their turn: as long as connections are
  /// waiting, the loop never suspends by itself.
  static let acceptsInATurn: UInt64 = 64

  /// Opens the files and the port.
  ///
  /// - Throws: ``StorageError`` or ``ServerError``; `CancellationError` if the task is cancelled.
  init(
    _ configuration: ServerConfiguration, keys: AgencyKeys? = nil, disk: any Disk = LocalDisk(),
    log: Log
  ) throws {
    let limit = min(configuration.maxConnections, ConnectionLimit.raise())
    Self.warn(log, of: limit, configuration)
    let failure = Promise<StorageError>()
    let onFailure: @Sendable (StorageError) -> Void = { failure.fulfill($0) }
    let store = try BetStore(
      directory: configuration.dataDirectory, disk: disk, onFailure: onFailure)
    Self.log(store.recovery, to: log)
    do throws(SystemError) {
      listener = try Listener(port: configuration.port, backlog: configuration.acceptQueue)
    } catch {
      store.close()
      throw ServerError(.systemError, "port \(configuration.port): \(error)")
    }
    draw = Draw(
      agencies: Int(configuration.agencies), bets: store.bets, log: log,
      winnersDelay: configuration.winnersDelay, onFailure: onFailure)
    connections = ConnectionRegistry(
      limit: limit, limitPerAddress: configuration.maxConnectionsPerAddress)
    (self.configuration, self.keys, self.store) = (configuration, keys, store)
    (self.log, self.failure) = (log, failure)
  }

  var port: UInt16 { listener.port }

  /// Serves until the task is cancelled, then shuts down gracefully: accepts no more connections,
  /// answers or refuses what is in flight, and closes everything.
  ///
  /// - Throws: ``StorageError`` if it had to end because the disk failed. It may be started again.
  func run() async throws(StorageError) {
    // Agencies that finished before a restart need not reconnect for the draw to be held. Agencies
    // of an earlier, larger lottery must not count for ones that have not finished.
    for agency in store.finishedAgencies where agency <= configuration.agencies {
      draw.agencyFinished(agency)
    }
    isAccepting.withLock { isAccepting in
      isAccepting = true
      log.info(Self.waiting)
    }
    await withTaskGroup { group in
      group.addTask { await self.acceptConnections() }
      group.addTask { _ = await self.failure.wait() }
      await group.next()
      group.cancelAll()
    }
    isAccepting.withLock { $0 = false }
    await close()
    if let error = failure.value { throw error }
  }

  private func close() async {
    listener.close()
    log.info(LogLine("close_socket", .success, ["socket": "listener"]))
    let open = connections.count
    await connections.endAll()
    log.info(LogLine("close_workers", .success, ["cantidad": "\(open)"]))
    await draw.end()
    log.info(LogLine("close_worker", .success, ["worker": "draw"]))
    store.close { file in log.info(LogLine("close_file", .success, ["file": file])) }
    log.info(LogLine("close_directory", .success, ["directory": store.directory.path]))
  }

  /// Warns of limits that can keep the draw from being held: connected agencies wait for the draw,
  /// and the draw waits for agencies that cannot connect.
  private static func warn(_ log: Log, of limit: Int, _ configuration: ServerConfiguration) {
    let perAddress = configuration.maxConnectionsPerAddress
    for (limit, rest) in [
      (limit, ":"), (perAddress, " from one address: if they share one,"),
    ] where configuration.agencies > limit {
      let note = "more agencies than the \(limit) connections\(rest) the draw may never be held"
      log.warning(LogLine("limit_connections", .success, ["note": note]))
    }
  }

  private static func log(_ report: Recovery, to log: Log) {
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
            "file": cut.path, "bytes": "\(cut.count)",
            "row": String(repairing: cut.beginning.span),
            "note": "a crash left it after the last whole row; it was never acknowledged",
          ]))
    }
  }

  private func acceptConnections() async {
    var isExhausted = false
    var accepted: UInt64 = 0
    while true {
      await connections.makeRoom { [self] in
        log.warning(
          LogLine(
            "accept_connections", .fail, ["error": "\(connections.count) connections are open"]))
      }
      // Each connection logs at least two lines.
      await log.waitForRoom()
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
          log.error(LogLine("accept_connections", .fail, ["error": error.description]))
        }
        isExhausted = true
        do { try await Task.sleep(for: Self.acceptPause) } catch { return }
      }
    }
  }

  private func serve(_ handle: Connection.Handle) {
    let isServed = connections.start(handle) { number in
      var service = ConnectionService(handle, number: number, server: self)
      await service.run()
    }
    guard !isServed else { return }
    handle.close()
    log.stranger(
      .warning,
      LogLine(
        "limit_connections", .success,
        ["ip": handle.peer?.ip ?? "", "note": "too many connections from this address"]))
  }
}

/// What the connections of a server ask of it.
extension Server {
  var status: LotteryStatus {
    LotteryStatus(
      isDrawn: draw.isHeld, agencies: configuration.agencies,
      connections: UInt32(connections.count), syncs: store.syncTimes, seen: store.agencyStatuses)
  }

  /// Bytes of pending bets from which on memory is scarce.
  ///
  /// Each connection gathers while the disk is busy, and if the disk is slow, all of them have what
  /// one may have. So once they have this much together, each stores what it has before it takes
  /// more. Then it adds no more than the bets of a frame, which lie outside the limit: none waits
  /// for memory that another one has.
  static let memoryLimit = 32 * 1024 * 1024

  var usedMemory: Int { memory.load(ordering: .relaxed) }

  /// Notes that the pending bets of a connection take more bytes, or fewer if negative.
  func takeMemory(_ bytes: Int) { memory.add(bytes, ordering: .relaxed) }

  /// Logs a connection from `ip` and the wait for the next one: the two lines of each accepted
  /// connection, as the course's server has them.
  ///
  /// The connection's own worker logs them, because it knows whether the connection is worth a
  /// line. So the wait for the next connection is logged right after the connection, and not by the
  /// loop that accepts.
  func announce(ip: String) {
    isAccepting.withLock { isAccepting in
      log.info(LogLine("accept_connections", .success, ["ip": ip]))
      if isAccepting { log.info(Self.waiting) }
    }
  }

  private static let waiting = LogLine("accept_connections", .inProgress)
}
