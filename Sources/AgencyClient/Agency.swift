import LotteryProtocol
import ProcessSupport

/// What an agency works with in every mode, and its connections to the server.
struct Agency {
  let configuration: ClientConfiguration
  /// The agency's key. Empty if the server asks for none.
  let key: String
  /// Runs the agency's task and serves its connections.
  let worker: Worker
  let attempts: Attempts
  let log: Log

  /// An agency that has not connected yet.
  ///
  /// - Parameter clock: measures the time without progress.
  init(
    _ configuration: ClientConfiguration, key: String = "", worker: Worker, log: Log,
    clock: some Clock<Duration> = ContinuousClock()
  ) {
    self.configuration = configuration
    self.key = key
    self.worker = worker
    self.log = log
    attempts = Attempts(configuration.retry, log: log, clock: clock)
  }

  var id: UInt32 { configuration.id }

  /// Connects, once.
  ///
  /// - Throws: ``AgencyError/unreachable(_:)``, ``AgencyError/gaveUp(after:_:)``,
  ///   ``AgencyError/cancelled``
  func connect() async throws(AgencyError) -> Connection.Handle {
    let endpoint = configuration.serverAddress
    return try await attempts.wait(for: "a connection to \(endpoint)") {
      deadline throws(WaitFailure) in
      do throws(Connector.Failure) {
        return try await Connector.open(endpoint, worker: worker, until: deadline)
      } catch {
        throw WaitFailure(error, connectingTo: endpoint)
      }
    }
  }

  /// Runs `body` with the connection, and closes it, whatever comes of it. A signal interrupts it.
  func withConnection<Value>(
    _ handle: Connection.Handle, _ body: (ServerConnection) async throws(AgencyError) -> Value
  ) async throws(AgencyError) -> Value {
    defer {
      handle.close()
      log.info(LogLine("close_socket", .success, ["client_id": "\(id)"]))
    }
    let outcome = await withTaskCancellationHandler { () -> Result<Value, AgencyError> in
      do throws(AgencyError) {
        return .success(try await body(ServerConnection(handle, attempts: attempts)))
      } catch {
        return .failure(error)
      }
    } onCancel: {
      handle.interrupt(.cancelled)
    }
    return try outcome.get()
  }
}
