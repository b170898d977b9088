import LotteryCore
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
    guard port > 0, let endpoint = Endpoint("127.0.0.1:\(port)") else { throw .noPort }
    let answer = Promise<Result<LotteryStatus, StatusError>>()
    await Deadline.run(on: worker, for: timeout) {
      do {
        answer.fulfill(.success(try await exchange(with: endpoint)))
      } catch {
        answer.fulfill(.failure(statusError(error)))
      }
    }
    guard let answer = answer.value else { throw noAnswer }
    return try answer.get()
  }

  private func exchange(with endpoint: Endpoint) async throws -> LotteryStatus {
    let channel = try await Connector.connect(to: endpoint, worker: worker)
    defer { channel.close() }
    var messages = MessageChannel(over: channel, capacity: ProtocolLimits.packetSize)
    var query: [UInt8] = []
    AgencyMessage.statusQuery.append(to: &query)
    try await messages.send(query)
    var whole: LotteryStatus?
    while true {
      guard case .status(let more, let part) = try await messages.receive() else {
        throw unexpected("STATUS should answer STATUS?")
      }
      guard part.seen.follow(whole?.seen.last, orEnd: !more) else {
        throw unexpected("the agencies are not in their order")
      }
      if whole == nil { whole = part } else { whole?.seen += part.seen }
      if let whole, !more { return whole }
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
    case Connector.Failure.cancelled, MessageChannel.Failure.channel(.cancelled): noAnswer
    case MessageChannel.Failure.closed:
      .unreachable(port: port, reason: "the server closed the connection")
    case MessageChannel.Failure.malformed(let error): unexpected(error.description)
    case MessageChannel.Failure.refused(let code, let reason): .refused(code, reason: reason)
    case MessageChannel.Failure.rejected: unexpected("STATUS should answer STATUS?")
    case MessageChannel.Failure.channel(.broken(let error)):
      .unreachable(port: port, reason: "\(error)")
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
  /// The server did not answer in time.
  case noAnswer(port: UInt16, after: Duration)
  /// The server sent ERROR.
  case refused(ErrorCode, reason: String)
  /// The listener is not a lottery server.
  case unexpected(port: UInt16, reason: String)
}

extension StatusError: ProgramError {
  /// One line that a person can act on.
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
