import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// A server that does nothing but what a test tells it, and the agency that talks to it.
final class ScriptedServer: Sendable {
  /// The agency under test, and how it ended: nil if all went well.
  let agency: Task<AgencyError?, Never>
  private let listener: Listener
  private let agencyEnded = Promise<Void>()

  /// Starts the server, and `agency` with the server's address.
  init(agency: @escaping @Sendable (Endpoint, Worker) async throws -> Void) throws {
    let listener = try Listener(port: 0, backlog: 16)
    let endpoint = try #require(Endpoint("127.0.0.1:\(listener.port)"))
    let worker = Worker(label: "agency")
    self.listener = listener
    self.agency = Task(executorPreference: worker) { [agencyEnded] in
      defer { agencyEnded.fulfill(()) }
      do {
        try await agency(endpoint, worker)
      } catch let error as AgencyError {
        return error
      } catch {
        Issue.record(error)
      }
      return nil
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

  /// Stops listening.
  func close() {
    listener.close()
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

/// Lets `agency` talk to a server that does what `script` says, and returns how the agency ended:
/// nil if all went well.
func outcome(
  of agency: @escaping @Sendable (Endpoint, Worker) async throws -> Void,
  script: (ScriptedServer) async throws -> Void
) async throws -> AgencyError? {
  let server = try ScriptedServer(agency: agency)
  do {
    // Not on the tests' own threads, which others keep busy: the agency may give up soon.
    try await withTaskExecutorPreference(Worker(label: "script")) {
      try await script(server)
      server.close()
    }
    return await server.agency.value
  } catch {
    server.agency.cancel()
    server.close()
    _ = await server.agency.value
    throw error
  }
}
