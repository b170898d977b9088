import LotteryProtocol

/// Agencies that all send the same bets, each over a connection of its own, in one process.
@main
struct Load: Sendable {
  let server: Endpoint
  let agencies: Int
  /// The most batches of an agency in flight.
  let window: Int
  let batches: [Batch]

  struct Batch: Sendable {
    var frame: [UInt8] = []
    /// Bets up to and including its own.
    var end: UInt64 = 0
  }

  enum LoadError: Error {
    /// Nil if the server closed the connection.
    case unexpected(ServerMessage?)
  }

  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, let server = Endpoint("127.0.0.1:\(arguments[1])"),
      let agencies = Int(arguments[2]), let window = Int(arguments[3])
    else { fatalError("usage: lottery-load PORT AGENCIES WINDOW AGENCY_FILE") }
    let batches = try batches(of: arguments[4])
    try await Load(server: server, agencies: agencies, window: window, batches: batches).play()
  }

  /// Returns the bets of an agency's file in batches, made as the agency makes them by default.
  private static func batches(of path: String) throws -> [Batch] {
    var file = try CSVFile(path: path, lastRow: .whole)
    var builder = BatchBuilder(maxAmount: 150)
    var batches: [Batch] = []
    var next = Batch()
    func finish() {
      next.end += UInt64(builder.finish(&next.frame))
      batches.append(next)
      next.frame.removeAll()
    }
    while let bet = try file.nextBet() {
      if !builder.hasRoom(for: bet, in: next.frame) { finish() }
      let bytes = file.storage
      builder.append(bet, in: bytes.span, offset: next.end, to: &next.frame)
    }
    if builder.count > 0 { finish() }
    return batches
  }

  /// Plays all agencies at once. Prints how long that took, from the first connection to the last
  /// winners.
  private func play() async throws {
    let start = ContinuousClock.now
    try await withThrowingDiscardingTaskGroup { group in
      // A group searches all its tasks for one that ends: 10,000 in one group cost each agency
      // 15 µs.
      for first in stride(from: 1, through: agencies, by: 100) {
        group.addTask { try await play(first..<min(first + 100, agencies + 1)) }
      }
    }
    print("seconds: \(start.duration(to: .now) / .seconds(1))")
  }

  private func play(_ agencies: Range<Int>) async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for agency in agencies {
        let worker = Worker(label: "agency \(agency)")
        group.addTask(executorPreference: worker) { try await play(UInt32(agency), on: worker) }
      }
    }
  }

  private func play(_ agency: UInt32, on worker: Worker) async throws {
    let handle = try await Connector.open(server, worker: worker)
    defer { handle.close() }
    let connection = Connection(handle, capacity: ProtocolLimits.packetSize)
    connection.append(AgencyMessage.hello(agency: agency, key: ""))
    try await connection.flush()
    let welcome = try await next(connection)
    guard case .welcome(_, _, stored: 0, _) = welcome else { throw LoadError.unexpected(welcome) }
    try await sendBatches(over: connection)
    connection.append(AgencyMessage.finished(total: batches.last?.end ?? 0))
    connection.append(AgencyMessage.winnersQuery)
    try await connection.flush()
    let confirmed = try await next(connection)
    guard confirmed == .confirmed else { throw LoadError.unexpected(confirmed) }
    while true {
      let answer = try await next(connection)
      guard case .winners(let more, _) = answer else { throw LoadError.unexpected(answer) }
      if !more { return }
    }
  }

  /// Prints how long each batch waited for its STORED, if one is in flight at a time.
  private func sendBatches(over connection: Connection) async throws {
    var sent = 0
    var acknowledged = 0
    while acknowledged < batches.count {
      let sentAt = ContinuousClock.now
      let end = min(acknowledged + window, batches.count)
      for batch in batches[sent..<end] { connection.append(batch.frame) }
      try await connection.flush()
      sent = end
      let answer = try await next(connection)
      guard case .stored(let stored) = answer else { throw LoadError.unexpected(answer) }
      if window == 1 { print("waited: \(sentAt.duration(to: .now) / .milliseconds(1))") }
      while acknowledged < sent, batches[acknowledged].end <= stored { acknowledged += 1 }
    }
  }

  private func next(_ connection: Connection) async throws -> ServerMessage {
    while true {
      if let frame = try connection.nextFrame() { return try ServerMessage(frame: frame.span) }
      guard try await connection.fill() else { throw LoadError.unexpected(nil) }
    }
  }
}
