import ProcessSupport
import TestSupport

@testable import LotteryProtocol
@testable import LotteryServer

/// A server from its start to its end: the real store, draw and sessions, and a driver in the place
/// of ``AgencyService``.
final class SimulatedServer: @unchecked Sendable {
  fileprivate let agencies: UInt32
  fileprivate let store: BetStore
  fileprivate let draw: Draw
  private let disk: SimulatedDisk
  private let world: World
  private var accepted: UInt64 = 0
  private var served: [(connection: Connection, task: Task<Void, Never>)] = []

  private static let log = Log(layout: .python, level: .critical)

  /// Starts a server that reaches the files of a lottery by `disk`.
  init(of lottery: Lottery, disk: SimulatedDisk) throws {
    (agencies, self.disk, world) = (UInt32(lottery.agencies.count), disk, lottery.world)
    store = try BetStore(directory: Path(lottery.directory), disk: disk) { _ in
      disk.endServer(.killed)
    }
    draw = Draw(
      agencies: Int(agencies), bets: store.bets, log: Self.log, worker: world.queue(of: disk.owner)
    ) { _ in disk.endServer(.killed) }
    for agency in store.finishedAgencies { draw.agencyFinished(agency) }
  }

  func accept(_ connection: Connection) {
    accepted += 1
    let order = accepted
    let task = Task(executorPreference: world.queue(of: disk.owner)) {
      var driver = Driver(server: self, connection: connection, order: order)
      await driver.run()
    }
    served.append((connection, task))
  }

  /// Ends all that is left of it.
  func stop() {
    for (connection, _) in served {
      connection.up.cut()
      if disk.end == .shutDown {
        connection.down.send(ServerMessage.error(code: .shuttingDown, reason: "").frame)
        connection.down.close()
      } else {
        connection.down.cut()
      }
    }
    for (_, task) in served { task.cancel() }
    world.drain(disk.owner)
    store.close()
  }
}

/// Does what the real session asks for, as ``AgencyService`` does: one connection, from its first
/// frame to its last.
private struct Driver {
  /// The end of a connection, with its last messages.
  struct End: Error {
    var messages: [ServerMessage] = []

    /// ERROR ends it.
    static func refused(_ code: ErrorCode) -> Self {
      End(messages: [.error(code: code, reason: "")])
    }
  }

  let server: SimulatedServer
  let connection: Connection
  /// The place of the connection in the order in which they were accepted.
  let order: UInt64
  var session: ServerSession

  init(server: SimulatedServer, connection: Connection, order: UInt64) {
    (self.server, self.connection, self.order) = (server, connection, order)
    session = ServerSession(agencies: server.agencies)
  }

  mutating func run() async {
    do throws(End) {
      while case let frames = await connection.up.receive(), !frames.isEmpty {
        for frame in frames { try await handle(frame) }
        try await storePending()
      }
    } catch {
      send(error.messages)
    }
    if let claim = session.claim { server.store.release(claim) }
    connection.down.close()
  }

  mutating func handle(_ frame: [UInt8]) async throws(End) {
    let action = session.receive(frame.span)
    if action == .gathered { return }
    try await storePending()
    switch action {
    case .claim(let agency, _): try await makeClaim(agency)
    case .reply(let message): send([message])
    case .reject(let message, _, _, _): throw End(messages: [message])
    case .finish(let total, let claim):
      try await changing { try await server.store.finish(total: total, by: claim) }
      server.draw.agencyFinished(claim.agency)
      send([session.confirm(claim)])
    case .awaitDraw(let agency): try await sendWinners(of: agency)
    case .fail(let code, _): throw .refused(code)
    case .gathered, .tellStatus: break
    }
  }

  mutating func makeClaim(_ agency: UInt32) async throws(End) {
    let claim = Claim(agency: agency, order: order) { [connection] in
      connection.down.send(ServerMessage.error(code: .superseded, reason: "").frame)
      connection.down.close()
      connection.up.cut()
    }
    guard let record = await server.store.take(claim) else { throw End() }
    send([
      session.welcome(
        claim, stored: record.stored, lastBet: record.lastBet, hasFinished: record.hasFinished,
        isDrawn: server.draw.isHeld)
    ])
  }

  mutating func storePending() async throws(End) {
    guard let claim = session.claim, !session.pending.isEmpty else { return }
    try await changing { try await server.store.store(session.pending, by: claim) }
    send([session.pendingStored()])
  }

  /// Runs `body`, which changes the store.
  func changing(_ body: () async throws -> Void) async throws(End) {
    do {
      try await body()
    } catch StorageError.notWritten where !session.pending.isEmpty {
      throw End(messages: session.pendingFailed(reason: ""))
    } catch {
      throw .refused(error is StorageError ? .shuttingDown : .superseded)
    }
  }

  func sendWinners(of agency: UInt32) async throws(End) {
    guard var winners = await server.draw.winners(of: agency) else { throw End() }
    while !winners.isAtEnd {
      guard let frames = try? await server.draw.nextFrames(of: &winners), !Task.isCancelled else {
        throw End()
      }
      connection.down.send(frames)
    }
  }

  func send(_ messages: [ServerMessage]) { connection.down.send(messages.frames) }
}
