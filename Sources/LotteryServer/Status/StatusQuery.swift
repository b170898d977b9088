import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Asks the server on this machine how the lottery stands (`PROTOCOL.md`, The status).
struct StatusQuery: Sendable {
  let port: UInt16
  let worker: Worker
  /// How long the server may take for all of its answer.
  var patience = Duration.seconds(3)

  /// What the server says.
  struct Answer: Equatable, Sendable {
    var status: LotteryStatus
    /// Nil where the server is an older one, which does not tell them.
    var syncs: SyncTimes?
  }

  /// Asks.
  ///
  /// - Throws: ``StatusError``
  func ask() async throws(StatusError) -> Answer {
    guard port > 0, let endpoint = Endpoint("127.0.0.1:\(port)") else { throw .noPort }
    let answer = Promise<Result<Answer, StatusError>>()
    await Deadline.run(on: worker, for: patience) {
      do throws(StatusError) {
        answer.open(.success(try await exchange(with: endpoint)))
      } catch {
        answer.open(.failure(error))
      }
    }
    guard let answer = answer.value else { throw noAnswer }
    return try answer.get()
  }

  private var noAnswer: StatusError { .noAnswer(port: port, after: patience) }

  private func exchange(with endpoint: Endpoint) async throws(StatusError) -> Answer {
    let channel: Channel
    do throws(Connector.Failure) {
      channel = try await Connector.connect(to: endpoint, worker: worker)
    } catch {
      if error == .cancelled { throw noAnswer }
      throw .unreachable(port: port, reason: error.description)
    }
    do throws(StatusError) {
      var buffer = InputBuffer(capacity: ProtocolLimits.packetSize)
      let status = try await askStatus(over: channel, &buffer)
      let syncs = try await askSyncs(over: channel, &buffer)
      channel.close()
      return Answer(status: status, syncs: syncs)
    } catch {
      channel.close()
      throw error
    }
  }

  private func askStatus(
    over channel: Channel, _ buffer: inout InputBuffer
  ) async throws(StatusError) -> LotteryStatus {
    var query: [UInt8] = []
    AgencyMessage.statusQuery.append(to: &query)
    try await send(query, over: channel)
    var whole: LotteryStatus?
    while true {
      while let (more, part) = try nextPart(in: &buffer) {
        guard part.seen.follow(whole?.seen.last, orEnd: !more) else {
          throw .unexpected(port: port, reason: "the agencies are not in their order")
        }
        if whole == nil { whole = part } else { whole?.seen += part.seen }
        if let whole, !more { return whole }
      }
      try await receive(from: channel, into: &buffer)
    }
  }

  private func askSyncs(
    over channel: Channel, _ buffer: inout InputBuffer
  ) async throws(StatusError) -> SyncTimes? {
    var query: [UInt8] = []
    AgencyMessage.syncsQuery.append(to: &query)
    try await send(query, over: channel)
    while true {
      switch try nextMessage(in: &buffer) {
      case nil: try await receive(from: channel, into: &buffer)
      case .syncs(let times): return times
      // To an older server the type is none of the protocol's.
      case .error(.malformed, _): return nil
      case .error(let code, let reason): throw .refused(code, reason: reason)
      default: throw .unexpected(port: port, reason: "SYNCS should answer SYNCS?")
      }
    }
  }

  private func send(_ query: [UInt8], over channel: Channel) async throws(StatusError) {
    do throws(ChannelError) { try await channel.send(query) } catch { throw broken(error) }
  }

  private func receive(
    from channel: Channel, into buffer: inout InputBuffer
  ) async throws(StatusError) {
    let count: Int
    do throws(ChannelError) {
      count = try await channel.receive(into: &buffer)
    } catch {
      throw broken(error)
    }
    guard count > 0 else { throw .unreachable(port: port, reason: "it hung up") }
  }

  private func nextPart(
    in buffer: inout InputBuffer
  ) throws(StatusError) -> (more: Bool, LotteryStatus)? {
    switch try nextMessage(in: &buffer) {
    case nil: return nil
    case .status(let more, let status): return (more, status)
    case .error(let code, let reason): throw .refused(code, reason: reason)
    default: throw .unexpected(port: port, reason: "STATUS should answer STATUS?")
    }
  }

  private func nextMessage(in buffer: inout InputBuffer) throws(StatusError) -> ServerMessage? {
    do throws(WireError) {
      return try buffer.nextServerMessage()
    } catch {
      throw .unexpected(port: port, reason: error.description)
    }
  }

  private func broken(_ error: ChannelError) -> StatusError {
    switch error {
    case .cancelled: noAnswer
    case .broken(let error): .unreachable(port: port, reason: error.description)
    }
  }
}

extension [LotteryStatus.Agency] {
  /// Whether their numbers rise, and go on after `last`. Only an answer's end may bring none, so that
  /// no answer goes on for ever.
  fileprivate func follow(_ last: LotteryStatus.Agency?, orEnd isEnd: Bool) -> Bool {
    guard !isEmpty else { return isEnd }
    return zip(CollectionOfOne(last) + dropLast(), self).allSatisfy { previous, next in
      previous.map { $0.number < next.number } ?? true
    }
  }
}
