import LotteryCore
import LotteryProtocol
import ProcessSupport

/// What an agency works with in every mode, and its connections to the server.
struct Agency: Sendable {
  let configuration: ClientConfiguration
  /// The agency's key. Empty if the server asks for none.
  let key: String
  /// Runs the agency's tasks and serves its connections.
  let worker: Worker
  let retry: Retry
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
    retry = Retry(configuration.retry, log: log, clock: clock)
  }

  /// The agency's number.
  var id: UInt32 { configuration.id }

  /// Connects, once.
  ///
  /// - Throws: ``AgencyError/unreachable(_:)``, ``AgencyError/gaveUp(after:_:)``,
  ///   ``AgencyError/cancelled``
  func connect() async throws(AgencyError) -> Channel {
    let endpoint = configuration.serverAddress
    return try await retry.wait(for: "a connection to \(endpoint)") { () throws(AgencyError) in
      try await mapError({ AgencyError($0, endpoint) }) { () async throws(Connector.Failure) in
        try await Connector.connect(to: endpoint, worker: worker)
      }
    }
  }

  /// Runs `body` with a new connection, and closes it, whatever comes of it.
  ///
  /// - Throws: ``AgencyError``, what `body` throws.
  func withConnection<Value>(
    _ body: (inout ServerConnection) async throws(AgencyError) -> Value
  ) async throws(AgencyError) -> Value {
    try await withChannel(connect()) { channel throws(AgencyError) in
      var connection = ServerConnection(over: channel, as: id, retry: retry)
      return try await body(&connection)
    }
  }

  /// Runs `body` with a channel that is connected, and closes it, whatever comes of it.
  func withChannel<Value>(
    _ channel: Channel, _ body: (Channel) async throws(AgencyError) -> Value
  ) async throws(AgencyError) -> Value {
    defer {
      channel.close()
      log.info(LogLine("close_socket", .success, ["client_id": "\(id)"]))
    }
    return try await body(channel)
  }
}
