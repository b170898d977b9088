import LotteryProtocol

/// Agencies that all send the same bets, each over a connection of its own, in one process.
struct Crowd: Sendable {
  let agencies: Int
  /// The most batches of an agency in flight.
  let window: Int
  let bets: PreparedBets

  /// The server said something else than it should have.
  private struct UnexpectedAnswer: Error {
    let agency: UInt32
    /// Nil if it closed the connection.
    let answer: ServerMessage?
  }

  /// Plays all agencies at once, from the first connection to the last winners. Prints how long
  /// that took, and how long batches waited for their STORED.
  func play(_ server: Endpoint) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    var latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
      for first in stride(from: 1, through: agencies, by: Self.partSize) {
        let part = first..<min(first + Self.partSize, agencies + 1)
        group.addTask { try await play(part, server) }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    let seconds = start.duration(to: clock.now) / .seconds(1)
    latencies.sort()
    let p50 = latencies.isEmpty ? 0 : latencies[(latencies.count - 1) / 2] / .milliseconds(1)
    let p99 = latencies.isEmpty ? 0 : latencies[(latencies.count - 1) * 99 / 100] / .milliseconds(1)
    print("seconds: \(seconds) | p50: \(p50) | p99: \(p99)")
  }

  /// Agencies in one group of tasks. A group searches all its tasks for one that ends: 10,000 in
  /// one group cost each agency 15 µs.
  private static let partSize = 100

  /// Plays the agencies with these numbers.
  private func play(_ agencies: Range<Int>, _ server: Endpoint) async throws -> [Duration] {
    try await withThrowingTaskGroup(of: [Duration].self) { group in
      for id in agencies {
        let worker = Worker(label: "agency \(id)")
        group.addTask(executorPreference: worker) {
          let handle = try await Connector.open(server, worker: worker)
          defer { handle.close() }
          let connection = Connection(handle, capacity: ProtocolLimits.packetSize)
          let agency = Agency(id: UInt32(id), connection: connection)
          return try await agency.play(bets, window: window)
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }

  /// One agency's conversation.
  private struct Agency {
    let id: UInt32
    let connection: Connection

    /// Says HELLO, sends the bets and waits for the winners. Returns how long each batch waited.
    func play(_ bets: PreparedBets, window: Int) async throws -> [Duration] {
      connection.append(AgencyMessage.hello(agency: id, key: ""))
      try await connection.flush()
      let welcome = try await receive()
      guard case .welcome(_, _, stored: 0, _) = welcome else { throw unexpected(welcome) }

      let latencies = try await send(bets.batches, window: window)

      connection.append(AgencyMessage.finished(total: bets.total))
      connection.append(AgencyMessage.winnersQuery)
      try await connection.flush()
      let confirmed = try await receive()
      guard confirmed == .confirmed else { throw unexpected(confirmed) }
      while true {
        let answer = try await receive()
        guard case .winners(let more, _) = answer else { throw unexpected(answer) }
        if !more { return latencies }
      }
    }

    private func send(
      _ batches: [PreparedBets.Batch], window: Int
    ) async throws -> [Duration] {
      let clock = ContinuousClock()
      var sentAt: [ContinuousClock.Instant] = []
      var latencies: [Duration] = []
      while latencies.count < batches.count {
        let next = batches[sentAt.count...].prefix(window - (sentAt.count - latencies.count))
        if !next.isEmpty {
          sentAt += [ContinuousClock.Instant](repeating: clock.now, count: next.count)
          for batch in next { connection.append(batch.frame) }
          try await connection.flush()
        } else {
          let answer = try await receive()
          guard case .stored(let stored) = answer else { throw unexpected(answer) }
          let now = clock.now
          while latencies.count < sentAt.count, batches[latencies.count].end <= stored {
            latencies.append(sentAt[latencies.count].duration(to: now))
          }
        }
      }
      return latencies
    }

    /// The next message.
    private func receive() async throws -> ServerMessage {
      while true {
        if let frame = try connection.nextFrame() { return try ServerMessage(frame: frame.span) }
        guard try await connection.fill() else { throw unexpected(nil) }
      }
    }

    private func unexpected(_ answer: ServerMessage?) -> UnexpectedAnswer {
      UnexpectedAnswer(agency: id, answer: answer)
    }
  }
}
