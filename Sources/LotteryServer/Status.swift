import LotteryProtocol
import ProcessSupport

/// Asks the server on this machine for the state of the lottery (`PROTOCOL.md`, The status).
struct StatusQuery: Sendable {
  let port: UInt16
  let worker: Worker
  /// How long the server may take for the whole answer.
  var timeout = Duration.seconds(3)

  /// Asks, and returns the answer.
  ///
  /// - Throws: ``StatusError``
  func ask() async throws(StatusError) -> LotteryStatus {
    guard port > 0 else { throw .noPort }
    do {
      return try await exchange(
        with: Endpoint(host: "127.0.0.1", port: port), until: .now + timeout)
    } catch {
      throw statusError(error)
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
      guard part.seen.follow(whole?.seen.last, orEnd: !more) else {
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
        case .error(let code, let reason): throw StatusError.refused(code, reason: reason)
        case .welcome, .stored, .rejected, .confirmed, .winners:
          throw unexpected("STATUS should answer STATUS?")
        }
      }
      guard try await connection.fill() else {
        throw StatusError.unreachable(port: port, reason: "the server closed the connection")
      }
    }
  }

  private var noAnswer: StatusError { .noAnswer(port: port, after: timeout) }

  private func unexpected(_ reason: String) -> StatusError {
    .unexpected(port: port, reason: reason)
  }

  /// What an error of the exchange means to the operator.
  private func statusError(_ error: any Error) -> StatusError {
    switch error {
    case let error as StatusError: error
    case let error as WireError: unexpected(error.description)
    case let error as Connector.Failure:
      switch error {
      case .cancelled, .timedOut: noAnswer
      case .unresolved, .refused: .unreachable(port: port, reason: error.description)
      }
    case let error as ConnectionError:
      switch error {
      case .interrupted: noAnswer
      case .broken: .unreachable(port: port, reason: error.description)
      }
    // Nothing else is thrown.
    default: .unreachable(port: port, reason: "\(error)")
    }
  }
}

extension [LotteryStatus.Agency] {
  /// Whether their numbers ascend, from `last` on. Only the last frame may be empty, so that no
  /// answer is endless.
  fileprivate func follow(_ last: LotteryStatus.Agency?, orEnd isEnd: Bool) -> Bool {
    guard !isEmpty else { return isEnd }
    return zip(CollectionOfOne(last) + dropLast(), self).allSatisfy { previous, next in
      previous.map { $0.number < next.number } ?? true
    }
  }
}

/// Why `--status` cannot show the state of the lottery.
enum StatusError: Error, Equatable {
  /// The configured port is 0.
  case noPort
  /// No program listens on the port, or the connection broke.
  case unreachable(port: UInt16, reason: String)
  case noAnswer(port: UInt16, after: Duration)
  case refused(ErrorCode, reason: String)
  /// The listener is not a lottery server.
  case unexpected(port: UInt16, reason: String)
}

extension StatusError: ProgramError {
  var description: String {
    switch self {
    case .noPort: "SERVER_PORT is 0: the port that the system chose is not known here"
    case .unreachable(let port, let reason): "no server on port \(port): \(reason)"
    case .noAnswer(let port, let after): "port \(port): no answer within \(after.goText)"
    case .refused(let code, let reason): "the server refused (ERROR \(code.rawValue)): \(reason)"
    case .unexpected(let port, let reason): "port \(port): not a lottery server: \(reason)"
    }
  }

  var exitStatus: ExitStatus {
    switch self {
    case .noPort: .badConfiguration
    case .unreachable, .noAnswer, .refused: .unavailable
    case .unexpected: .protocolError
    }
  }
}

extension LotteryStatus {
  /// What `--status` prints. The last line tells whether the draw has been held.
  var table: String {
    (rows + [disk, summary]).joined(separator: "\n")
  }

  var bets: UInt64 { seen.reduce(0) { $0 &+ $1.stored } }

  /// The number of agencies that take part and have finished.
  var finished: Int { seen.count { $0.hasFinished && $0.number <= agencies } }

  /// A row for each agency that has connected, and one for each range of agencies that take part
  /// and have not.
  private var rows: [String] {
    var lines = [Self.row("agency", "bets", "finished", "connected")]
    var nextAgency: UInt64 = 1
    for agency in seen {
      lines += absentRow(from: nextAgency, to: UInt64(agency.number))
      lines.append(
        Self.row(
          "\(agency.number)", "\(agency.stored)", agency.hasFinished.answer,
          agency.isConnected.answer))
      nextAgency = UInt64(agency.number) + 1
    }
    return lines + absentRow(from: nextAgency, to: .max)
  }

  /// How long the server has waited for the disk.
  private var disk: String {
    "syncs: \(syncs.count), mean: \(syncs.mean.goText), longest: \(syncs.longest.goText)"
  }

  private var summary: String {
    "bets: \(bets), finished: \(finished) of \(agencies), connections: \(connections), "
      + "draw: \(isDrawn ? "held" : "not held")"
  }

  private func absentRow(from first: UInt64, to next: UInt64) -> [String] {
    guard first < next, first <= agencies else { return [] }
    let last = min(next - 1, UInt64(agencies))
    return [Self.row(first == last ? "\(first)" : "\(first)-\(last)", "0", "no", "no")]
  }

  private static func row(
    _ agency: String, _ bets: String, _ finished: String, _ connected: String
  ) -> String {
    "\(padded(agency, 10))  \(padded(bets, 12))  \(padded(finished, 8))  \(padded(connected, 9))"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

extension Bool {
  var answer: String { self ? "yes" : "no" }
}
