import LotteryProtocol
import TestSupport
import Testing

@testable import AgencyClient

/// A server that does nothing but what a test tells it, and the agency that talks to it.
final class ScriptedServer: Sendable {
  /// The agency under test, and how it ended: nil if all went well.
  let agency: Task<AgencyError?, Never>
  fileprivate let listener: Listener
  private let agencyEnded = Promise<Void>()

  /// Starts the server, and `agency` with the server's address.
  fileprivate init(
    agency: @escaping @Sendable (Endpoint, Worker) async throws(AgencyError) -> Void
  ) throws {
    let listener = try Listener(port: 0, backlog: 16)
    let endpoint = try #require(Endpoint("127.0.0.1:\(listener.port)"))
    let worker = Worker(label: "agency")
    self.listener = listener
    self.agency = Task(executorPreference: worker) { [agencyEnded] in
      defer { agencyEnded.fulfill(()) }
      do throws(AgencyError) {
        try await agency(endpoint, worker)
        return nil
      } catch {
        return error
      }
    }
  }

  /// Waits for the agency to connect, and runs `body` with that connection, which is closed
  /// afterwards.
  func withConnection(_ body: (Peer) async throws -> Void) async throws {
    try await serve(try #require(await accept(), "the agency has ended"), body)
  }

  /// Does the same with each of the agency's connections, until the agency has ended.
  func withEachConnection(_ body: (Peer) async throws -> Void) async throws {
    while let accepted = await accept() { try await serve(accepted, body) }
  }

  private func serve(
    _ accepted: Connection.Handle, _ body: (Peer) async throws -> Void
  ) async throws {
    let peer = try Peer(accepted)
    defer { peer.close() }
    try await body(peer)
  }

  /// The agency's next connection; nil if it ends instead.
  private func accept() async -> Connection.Handle? {
    await withTaskGroup(of: Connection.Handle?.self) { group in
      group.addTask { [listener] in try? await listener.accept() }
      group.addTask { [agencyEnded] in
        _ = await agencyEnded.wait()
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }
}

extension TestAgency {
  /// Runs it against a server that does what `script` says, and returns how it ended: nil if all
  /// went well.
  func run(_ script: (ScriptedServer) async throws -> Void) async throws -> AgencyError? {
    let server = try ScriptedServer(agency: run(at:on:))
    do {
      // Not on the tests' own threads, which others keep busy: the agency may give up soon.
      try await withTaskExecutorPreference(Worker(label: "script")) { try await script(server) }
      server.listener.close()
    } catch {
      server.agency.cancel()
      server.listener.close()
      _ = await server.agency.value
      throw error
    }
    return await server.agency.value
  }

  /// Runs it against a server that does what `script` says on its one connection.
  func serve(_ script: (Peer) async throws -> Void) async throws -> AgencyError? {
    try await run { try await $0.withConnection(script) }
  }
}

/// The server's end of one connection to agency 1.
extension Peer {
  /// Sends messages, all at once.
  func send(_ messages: ServerMessage...) async throws {
    try await send(messages.frames)
  }

  /// Requires the agency to send `frames` next.
  func require(
    _ frames: [UInt8]..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    for frame in frames {
      let body = try await receiveFrame()
      try #require(body == withoutHeader(frame), sourceLocation: sourceLocation)
    }
  }

  /// Requires the agency to send nothing more until it has closed the connection.
  func requireEnd(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let frame = try await receiveFrame()
    try #require(frame == nil, sourceLocation: sourceLocation)
  }

  /// Requires HELLO, and answers that `bets` are stored.
  func welcome(
    _ bets: [Bet] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await require(Frames.hello(1), sourceLocation: sourceLocation)
    let stored = UInt64(bets.count)
    try await send(.welcome(version: 1, state: .open, stored: stored, lastBet: bets.last))
  }

  /// Answers HELLO that `stored` bets are stored, and requires BET after them.
  func take(_ bet: Bet, after stored: [Bet] = []) async throws {
    try await welcome(stored)
    try await require(Frames.bet(bet, at: UInt64(stored.count)))
  }

  /// Requires FINISHED and WINNERS?, and answers both.
  func finish(
    total: UInt64, winners: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await require(Frames.finished(total), Frames.winnersQuery, sourceLocation: sourceLocation)
    try await send(.confirmed, .winners(more: false, documents: winners))
    try await requireEnd(sourceLocation: sourceLocation)
  }
}
