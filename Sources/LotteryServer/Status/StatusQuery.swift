import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Asks the server on this machine for the state of the lottery (`PROTOCOL.md`, The status).
struct StatusQuery: Sendable {
  let port: UInt16
  let worker: Worker
  /// How long the server may take for the whole answer.
  var timeout = Duration.seconds(3)

  /// What the server answers.
  struct Answer: Equatable, Sendable {
    var status: LotteryStatus
    /// Nil if the server is an older one, which does not know SYNCS?.
    var syncs: SyncTimes?
  }

  /// Asks, and returns the answer.
  ///
  /// - Throws: ``StatusError``
  func ask() async throws(StatusError) -> Answer {
    guard port > 0, let endpoint = Endpoint("127.0.0.1:\(port)") else { throw .noPort }
    let answer = Promise<Result<Answer, StatusError>>()
    await Deadline.run(on: worker, for: timeout) {
      do throws(StatusError) {
        answer.fulfill(.success(try await exchange(with: endpoint)))
      } catch {
        answer.fulfill(.failure(error))
      }
    }
    guard let answer = answer.value else { throw noAnswer }
    return try answer.get()
  }

  private func exchange(with endpoint: Endpoint) async throws(StatusError) -> Answer {
    let channel = try await mapError(unreachable) { () async throws(Connector.Failure) in
      try await Connector.connect(to: endpoint, worker: worker)
    }
    defer { channel.close() }
    var messages = MessageChannel(over: channel, capacity: ProtocolLimits.packetSize)
    let status = try await askStatus(over: &messages)
    let syncs = try await askSyncs(over: &messages)
    return Answer(status: status, syncs: syncs)
  }

  private func askStatus(
    over messages: inout MessageChannel
  ) async throws(StatusError) -> LotteryStatus {
    var query: [UInt8] = []
    AgencyMessage.statusQuery.append(to: &query)
    try await send(query, for: "STATUS", over: &messages)
    var whole: LotteryStatus?
    while true {
      let message = try await mapError({ ended($0, awaiting: "STATUS") }) {
        () async throws(MessageChannel.Failure) in try await messages.receive()
      }
      guard case .status(let more, let part) = message else { throw unexpected("STATUS") }
      guard part.seen.follow(whole?.seen.last, orEnd: !more) else {
        throw .unexpected(port: port, reason: "the agencies are not in their order")
      }
      if whole == nil { whole = part } else { whole?.seen += part.seen }
      if let whole, !more { return whole }
    }
  }

  private func askSyncs(
    over messages: inout MessageChannel
  ) async throws(StatusError) -> SyncTimes? {
    var query: [UInt8] = []
    AgencyMessage.syncsQuery.append(to: &query)
    try await send(query, for: "SYNCS", over: &messages)
    do throws(MessageChannel.Failure) {
      if case .syncs(let times) = try await messages.receive() { return times }
    } catch .refused(.malformed, _) {
      // An older server does not know the type.
      return nil
    } catch {
      throw ended(error, awaiting: "SYNCS")
    }
    throw unexpected("SYNCS")
  }

  private func send(
    _ query: [UInt8], for message: String, over messages: inout MessageChannel
  ) async throws(StatusError) {
    try await mapError({ ended($0, awaiting: message) }) {
      () async throws(MessageChannel.Failure) in try await messages.send(query)
    }
  }

  private var noAnswer: StatusError { .noAnswer(port: port, after: timeout) }

  private func unexpected(_ message: String) -> StatusError {
    .unexpected(port: port, reason: "\(message) should answer \(message)?")
  }

  private func unreachable(_ failure: Connector.Failure) -> StatusError {
    failure == .cancelled ? noAnswer : .unreachable(port: port, reason: failure.description)
  }

  private func ended(_ failure: MessageChannel.Failure, awaiting message: String) -> StatusError {
    switch failure {
    case .channel(.cancelled): noAnswer
    case .channel(.broken(let error)): .unreachable(port: port, reason: error.description)
    case .closed: .unreachable(port: port, reason: "the server closed the connection")
    case .malformed(let error): .unexpected(port: port, reason: error.description)
    case .refused(let code, let reason): .refused(code, reason: reason)
    case .rejected: unexpected(message)
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
