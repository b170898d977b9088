import LotteryProtocol
import ProcessSupport

/// Asks the server on this machine for the state of the lottery (`PROTOCOL.md`, The status).
struct StatusQuery: Sendable {
  let port: UInt16
  let worker: Worker
  /// How long the server may take for the whole answer.
  var timeout = Duration.seconds(3)

  func ask() async throws(ServerError) -> LotteryStatus {
    guard port > 0 else {
      throw ServerError(
        .badConfiguration, "SERVER_PORT is 0: the port that the system chose is not known here")
    }
    do {
      return try await exchange(
        with: Endpoint(host: "127.0.0.1", port: port), until: .now + timeout)
    } catch {
      throw serverError(error)
    }
  }

  private func exchange(
    with endpoint: Endpoint, until deadline: ContinuousClock.Instant
  ) async throws -> LotteryStatus {
    let handle = try await Connector.open(endpoint, worker: worker, until: deadline)
    let connection = Connection(handle, capacity: ProtocolLimits.packetSize)
    defer { connection.close() }
    connection.deadline = deadline
    connection.append(AgencyMessage.statusQuery)
    try await connection.flush()
    var whole: LotteryStatus?
    while true {
      let (more, part) = try await nextPart(over: connection)
      let numbers = ((whole?.seen.suffix(1) ?? []) + part.seen).map(\.number)
      // Only the last frame may be empty, so that no answer is endless.
      guard zip(numbers, numbers.dropFirst()).allSatisfy(<), !part.seen.isEmpty || !more else {
        throw unexpected("the agencies are not in their order")
      }
      if whole == nil { whole = part } else { whole?.seen += part.seen }
      if let whole, !more { return whole }
      // A server that sends without end must not keep the operator here.
      try connection.check()
    }
  }

  private func nextPart(
    over connection: Connection
  ) async throws -> (more: Bool, part: LotteryStatus) {
    while true {
      if let frame = try connection.nextFrame() {
        switch try ServerMessage(frame: frame.span) {
        case .status(let more, let part): return (more, part)
        case .error(let code, let reason):
          throw ServerError(.unavailable, "the server refused (ERROR \(code.rawValue)): \(reason)")
        case .welcome, .stored, .rejected, .confirmed, .winners:
          throw unexpected("STATUS should answer STATUS?")
        }
      }
      guard try await connection.fill() else {
        throw unreachable("the server closed the connection")
      }
    }
  }

  private func unexpected(_ reason: String) -> ServerError {
    ServerError(.protocolError, "port \(port): not a lottery server: \(reason)")
  }

  private func unreachable(_ reason: String) -> ServerError {
    ServerError(.unavailable, "no server on port \(port): \(reason)")
  }

  /// What an error of the exchange means to the operator.
  private func serverError(_ error: any Error) -> ServerError {
    switch error {
    case let error as ServerError: error
    case let error as WireError: unexpected(error.description)
    case Connector.Failure.cancelled, Connector.Failure.timedOut, ConnectionError.interrupted:
      ServerError(.unavailable, "port \(port): no answer within \(timeout.goText)")
    default: unreachable("\(error)")
    }
  }
}

extension LotteryStatus {
  /// What `--status` prints: a row for each agency that has connected, and one for each range of
  /// agencies that take part and have not. The last line tells whether the draw has been held.
  var table: String {
    var lines = [Self.row("agency", "bets", "finished", "connected")]
    var next: UInt64 = 1
    func addAbsent(before end: UInt64) {
      guard next < end, next <= agencies else { return }
      let last = min(end - 1, UInt64(agencies))
      lines.append(Self.row(next == last ? "\(next)" : "\(next)-\(last)", "0", "no", "no"))
    }
    for agency in seen {
      addAbsent(before: UInt64(agency.number))
      lines.append(
        Self.row(
          "\(agency.number)", "\(agency.stored)", agency.hasFinished ? "yes" : "no",
          agency.isConnected ? "yes" : "no"))
      next = UInt64(agency.number) + 1
    }
    addAbsent(before: .max)
    lines.append(
      "syncs: \(syncs.count), mean: \(syncs.mean.goText), longest: \(syncs.longest.goText)")
    lines.append(
      "bets: \(bets), finished: \(finished) of \(agencies), connections: \(connections), "
        + "draw: \(isDrawn ? "held" : "not held")")
    return lines.joined(separator: "\n")
  }

  var bets: UInt64 { seen.reduce(0) { $0 &+ $1.stored } }

  /// The number of agencies that take part and have finished.
  var finished: Int { seen.count { $0.hasFinished && $0.number <= agencies } }

  private static func row(
    _ agency: String, _ bets: String, _ finished: String, _ connected: String
  ) -> String {
    zip([agency, bets, finished, connected], [10, 12, 8, 9])
      .map { text, width in String(repeating: " ", count: max(0, width - text.count)) + text }
      .joined(separator: "  ")
  }
}
