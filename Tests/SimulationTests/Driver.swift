@testable import LotteryProtocol
@testable import LotteryServer

/// Does what the real session asks for, as ``AgencyService`` does: one connection, from its first
/// frame to its last.
struct Driver {
  /// The end of a connection, with its last messages.
  private struct End: Error {
    var messages: [ServerMessage] = []

    /// ERROR ends it.
    static func refused(_ code: ErrorCode) -> Self {
      End(messages: [.error(code: code, reason: "")])
    }
  }

  private let server: SimulatedServer
  private let connection: Connection
  private let order: UInt64
  private var session: ServerSession

  /// - Parameter order: the place of the connection in the order in which they were accepted.
  init(of connection: Connection, order: UInt64, at server: SimulatedServer) {
    self.server = server
    self.connection = connection
    self.order = order
    session = ServerSession(agencies: server.agencies)
  }

  mutating func run() async {
    do throws(End) {
      while true {
        let frames = await connection.up.receive()
        guard !frames.isEmpty else { break }
        for frame in frames { try await handle(frame) }
        try await storePending()
      }
    } catch {
      send(error.messages)
    }
    if let claim = session.claim { server.store.release(claim) }
    connection.down.close()
  }

  private mutating func handle(_ frame: [UInt8]) async throws(End) {
    let action = session.receive(frame.span)
    if action == .gathered { return }
    try await storePending()
    switch action {
    case .claim(let agency, _): try await makeClaim(agency)
    case .reply(let message): send([message])
    case .reject(let message, _, _, _): throw End(messages: [message])
    case .finish(let total, let claim): try await finish(total, by: claim)
    case .awaitDraw(let agency): try await sendWinners(of: agency)
    case .fail(let code, _): throw .refused(code)
    case .gathered, .tellStatus: break
    }
  }

  private mutating func makeClaim(_ agency: UInt32) async throws(End) {
    let claim = Claim(agency: agency, order: order) { [connection] in
      connection.down.send([.error(code: .superseded, reason: "")])
      connection.down.close()
      connection.up.cut()
    }
    guard let record = await server.store.take(claim) else {
      throw End()
    }
    send([
      session.welcome(
        claim, stored: record.stored, lastBet: record.lastBet, hasFinished: record.hasFinished,
        isDrawn: server.draw.isHeld)
    ])
  }

  private mutating func storePending() async throws(End) {
    guard let claim = session.claim, !session.pending.isEmpty else { return }
    do {
      try await server.store.store(session.pending, by: claim)
    } catch StorageError.notWritten {
      throw End(messages: session.pendingFailed(reason: ""))
    } catch {
      throw .refused(error is StorageError ? .shuttingDown : .superseded)
    }
    send([session.pendingStored()])
  }

  private mutating func finish(_ total: UInt64, by claim: Claim) async throws(End) {
    do {
      try await server.store.finish(total: total, by: claim)
    } catch {
      throw .refused(error is StorageError ? .shuttingDown : .superseded)
    }
    server.draw.agencyFinished(claim.agency)
    send([session.confirm(claim)])
  }

  private func sendWinners(of agency: UInt32) async throws(End) {
    guard var winners = await server.draw.winners(of: agency) else { throw End() }
    while !winners.isAtEnd {
      guard let frames = try? await server.draw.nextFrames(of: &winners), !Task.isCancelled else {
        throw End()
      }
      connection.down.send(frames.frames)
    }
  }

  private func send(_ messages: [ServerMessage]) {
    connection.down.send(messages)
  }
}
