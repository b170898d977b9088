import LotteryProtocol
import ProcessSupport
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

/// A server of this process, on a port of its own.
struct RunningServer: Sendable {
  let directory: TemporaryDirectory
  fileprivate let server: Server
  fileprivate let task: Task<Void, Never>

  var port: UInt16 { server.port }

  /// Ends the server like SIGTERM, and returns when it has ended.
  func stop() async {
    task.cancel()
    await task.value
  }

  /// The memory of pending bets, in bytes.
  var memory: Int { server.usedMemory }

  /// Takes so much of it, or gives it back if negative.
  func takeMemory(_ bytes: Int) { server.takeMemory(bytes) }

  /// Lets a newer connection of `agency` take the claim over, up to the moment before it tells the
  /// older one.
  func stealClaim(of agency: UInt32) {
    server.store.records.withLock {
      $0[agency]?.claim = Claim(agency: agency, order: .max) {}
    }
  }

  /// Runs `body` with a connection, which is closed afterwards.
  func withClient(_ agency: UInt32 = 1, _ body: (Peer) async throws -> Void) async throws {
    let client = try Peer(port: port, agency: agency)
    defer { client.close() }
    try await body(client)
  }

  /// Runs `body` with a connection on which HELLO has been answered.
  func withAgency(_ agency: UInt32 = 1, _ body: (Peer) async throws -> Void) async throws {
    try await withClient(agency) { client in
      try await client.greet()
      try await body(client)
    }
  }
}

/// Runs `body` with a server over the files in `directory`, or over one of its own.
///
/// - Parameter onFailure: is called if the disk ends the server. No disk of a test fails by itself.
func withServer(
  agencies: UInt32, in directory: TemporaryDirectory = TemporaryDirectory(),
  disk: any Disk = LocalDisk(), log: Log = .discarding,
  onFailure: @escaping @Sendable (StorageError) -> Void = { Issue.record("\($0)") },
  changing change: (inout ServerConfiguration) -> Void = { _ in },
  _ body: (RunningServer) async throws -> Void
) async throws {
  var configuration = ServerConfiguration()
  configuration.port = 0
  configuration.listenBacklog = 512
  configuration.agencies = agencies
  // No test waits for it, and on a busy machine a silent connection of a test may take long.
  configuration.timeout = .seconds(600)
  configuration.dataDirectory = Path(directory.path)
  change(&configuration)
  let server = try Server(configuration, disk: disk, log: log)
  let task = Task(executorPreference: Worker(label: "server")) {
    do throws(StorageError) { try await server.run() } catch { onFailure(error) }
  }
  let running = RunningServer(directory: directory, server: server, task: task)
  do {
    try await body(running)
  } catch {
    await running.stop()
    throw error
  }
  await running.stop()
}
