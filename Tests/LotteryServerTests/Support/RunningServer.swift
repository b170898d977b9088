import LotteryCore
import LotteryProtocol
import ProcessSupport
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

/// A server of this process, on a port of its own.
struct RunningServer: Sendable {
  let directory: TemporaryDirectory
  let port: UInt16
  private let server: Server
  private let task: Task<Void, Never>

  /// Starts a server over the files in `directory`.
  init(
    agencies: UInt32, in directory: TemporaryDirectory, keys: AgencyKeys? = nil,
    log: Log = .discarding, changing change: (inout ServerConfiguration) -> Void = { _ in }
  ) throws {
    self.directory = directory
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.listenBacklog = 512
    configuration.agencies = agencies
    configuration.dataDirectory = directory.path
    change(&configuration)
    let server = try Server(configuration, keys: keys, log: log)
    self.server = server
    port = server.port
    task = Task(executorPreference: Worker(label: "server")) {
      do throws(ServerError) {
        try await server.run()
      } catch {
        Issue.record("the disk failed: \(error)")
      }
    }
  }

  /// Ends the server like SIGTERM, and returns when it has ended.
  func stop() async {
    task.cancel()
    await task.value
  }

  /// Runs `body` while the server looks at its connections again and again, believing that it is
  /// `later`.
  @discardableResult
  func whileTimePasses<Value>(
    _ later: Duration = .seconds(3600), _ body: () async throws -> Value
  ) async throws -> Value {
    let clock = Task {
      while !Task.isCancelled {
        server.context.connections.endOverdue(at: .now + later)
        await Task.yield()
      }
    }
    defer { clock.cancel() }
    return try await body()
  }

  /// Lets a newer connection of `agency` take the claim over, up to the moment before it tells the
  /// older one.
  func stealClaim(of agency: UInt32) {
    server.context.store.records.withLock {
      $0[agency]?.claim = Claim(agency: agency, order: .max) {}
    }
  }

  /// Runs `body` with a connection, which is closed afterwards.
  func withClient<Value>(
    _ agency: UInt32 = 0, _ body: (RawClient) async throws -> Value
  ) async throws -> Value {
    let client = try await RawClient(port: port, agency: agency)
    do {
      let value = try await body(client)
      await client.close()
      return value
    } catch {
      await client.close()
      throw error
    }
  }
}

/// Runs `body` with a server over `directory`, or over one of its own.
func withServer<Value>(
  agencies: UInt32, in directory: TemporaryDirectory? = nil,
  keys: AgencyKeys? = nil, log: Log = .discarding,
  changing change: (inout ServerConfiguration) -> Void = { _ in },
  _ body: (RunningServer) async throws -> Value
) async throws -> Value {
  let server = try RunningServer(
    agencies: agencies, in: directory ?? TemporaryDirectory(), keys: keys, log: log,
    changing: change)
  do {
    let value = try await body(server)
    await server.stop()
    return value
  } catch {
    await server.stop()
    throw error
  }
}
