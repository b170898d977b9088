import Foundation
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

/// One of each kind of client that breaks the contract, is too slow, comes in a crowd, or never
/// stops. Each is told so, and the lottery of agencies 1 and 2 goes on.
@Suite(.serialized, .timeLimit(.minutes(isSanitized ? 10 : 3))) struct HostileTests {
  // What agency 3 sends, for hostile clients to send again.
  private let hello = Frames.hello(3)
  private let batch: [UInt8]
  private let bet: [UInt8]

  init() throws {
    batch = Frames.batch(try sampleBets(0..<2), at: 0)
    bet = Frames.bet(try sampleBet(), at: 0)
  }

  // MARK: Clients that break the contract

  @Test func `what is no message, or out of place, gets its ERROR`() async throws {
    try await holdLottery(agencies: 3) { attack in
      var random = SeededGenerator(seed: 1)
      let noise = (0..<20_000).map { _ in UInt8.random(in: 11...255, using: &random) }
      // A line without an end gets what the echo service says: nothing.
      try await attack.expect([], after: noise)
      // Lengths beyond the limits, and one that is right before a type that is none.
      for bytes in [[0, 0, 0, 0], [0, 0, 0x1F, 0x3D], [0] + noise, [0, 0, 0, 2] + noise] {
        try await attack.expect([.malformed], after: bytes)
        try await attack.expect([nil, .malformed], after: hello + bytes)
      }
      for (code, frame) in [
        (.unknownAgency, Frames.hello(0)), (.unknownAgency, Frames.hello(4)),
        (.version, Frames.hello(3, version: 2)), (.notNow, Frames.winnersQuery),
      ] as [(ErrorCode, [UInt8])] {
        try await attack.expect([code], after: frame)
      }
      try await attack.expect([nil, .totalsDiffer], after: hello + Frames.finished(9))
      // What comes before it is stored and answered.
      try await attack.expect(
        [nil, nil, .malformed], after: hello + batch + [0, 0, 0, 0])
      try await attack.finish(stored: 2)
    }
  }

  @Test func `a recorded session that is sent again stores nothing twice`() async throws {
    try await holdLottery(agencies: 3) { attack in
      let clients = try (0..<2).map { _ in try attack.connect() }
      for (client, stored) in zip(clients, [0, 2] as [UInt64]) {
        try await client.send(hello + batch)
        try await #require(client.receive()?.stored == stored)
        try await #require(client.receive() == .stored(2))
      }
      try await #require(clients[0].receiveMessages().map(\.errorCode) == [.superseded])
      try await attack.finish(stored: 2)
    }
  }

  // MARK: Slow clients

  private let impatient = ["SERVER_TIMEOUT": "500ms"]

  @Test func `half a message gets ERROR 9, half a line nothing`() async throws {
    try await holdLottery(agencies: 4, impatient) { attack in
      // Between two messages an agency may take its time.
      let idle = try attack.connect()
      try await idle.send(Frames.hello(4))
      let echo = try attack.connect()
      try await echo.send(Array("half a li".utf8))
      for half in [[], hello.dropLast()] as [[UInt8]] {
        try await attack.expect([.tooSlow], after: half)
      }
      try await attack.expect([nil, .tooSlow], after: hello + batch.dropLast())
      try await #require(echo.receive(1) == [])
      // One byte at a time does not postpone it.
      let slow = try attack.connect()
      try await slow.send([0, 0, 0x1F, 0x3C])
      while !slow.hasAnswer {
        try await slow.send([1])
        try await attack.echo("tick\n")
      }
      try await #require(slow.receiveMessages().map(\.errorCode) == [.tooSlow])
      try await attack.finish(stored: 0)
      try await idle.send(Frames.finished(0))
      try await #require(idle.receive()?.stored == 0)
      try await #require(idle.receive() == .confirmed)
    }
  }

  @Test func `an agency that does not take its answers is ended`() async throws {
    try await holdLottery(agencies: 3, impatient) { attack in
      let client = try attack.connect()
      try await client.send(hello)
      let thousand = Array([[UInt8]](repeating: Frames.finished(0), count: 1000).joined())
      // Until it has been thrown out, which ends what the kernel takes for it.
      while try await client.send(thousand) {}
    }
  }

  // MARK: Crowds of clients

  @Test func `2,000 silent connections hold up nothing`() async throws {
    try await holdLottery(["SERVER_LISTEN_BACKLOG": "2048"], staysConnected: true) { attack in
      // As many descriptors as this process may have; the server raises its own.
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      var limit = rlimit()
      try #require(getrlimit(resource, &limit) == 0)
      limit.rlim_cur = limit.rlim_max
      try #require(setrlimit(resource, &limit) == 0)
      for index in 0..<2000 {
        let client = try attack.connect()
        if index % 2 == 0 { try await client.send(Array(hello.prefix(6))) }
      }
    }
  }

  @Test func `agencies get in and on while clients of five addresses take every place`()
    async throws
  {
    try await holdLottery(
      ["SERVER_MAX_CONNECTIONS": "20", "SERVER_MAX_CONNECTIONS_PER_ADDRESS": "5"],
      staysConnected: true
    ) { attack in
      for number in 0..<50 { attack.repeatConversation([0], from: UInt8(1 + number % 5)) }
    }
  }

  // MARK: Clients that never stop

  /// More than the threads on which the server serves all of its connections.
  private let flooders = ProcessInfo.processInfo.activeProcessorCount + 2

  @Test func `agencies that repeat a stored bet without end hold up nothing`() async throws {
    try await holdLottery(agencies: 2 + flooders, staysConnected: true) { attack in
      for agency in 3...UInt32(2 + flooders) {
        try await attack.flood(
          with: bet, after: Frames.hello(agency) + bet + Frames.finished(1))
      }
    }
  }

  @Test func `batches that are rejected on one connection after the other hold up nothing`()
    async throws
  {
    try await holdLottery(agencies: 2 + flooders, staysConnected: true) { attack in
      for agency in 3...UInt32(2 + flooders) {
        // After all that is stored.
        attack.repeatConversation(Frames.hello(agency) + Frames.finished(0) + bet)
      }
    }
  }

  @Test func `questions for the status without end hold up nothing`() async throws {
    try await holdLottery(staysConnected: true) { attack in
      for _ in 0..<flooders { try await attack.flood(with: Frames.statusQuery, after: []) }
    }
  }

  // MARK: The lottery

  /// Memory that the server may take at most, in kB: five times what it takes without an attack.
  private static let memoryLimit = 64 * 1024

  /// Holds a lottery, and checks that `attack` affects neither agency 1 nor agency 2.
  ///
  /// - Parameters:
  ///   - agencies: how many there are, those that `attack` plays among them: 3 and more.
  ///   - staysConnected: whether the clients stay until the server ends them. Otherwise, they go
  ///     when `attack` returns.
  ///   - attack: returns before agency 2 comes. Throws if it is not answered as it must be.
  private func holdLottery(
    agencies: Int = 2, _ environment: [String: String] = [:], staysConnected: Bool = false,
    during attack: (Attack) async throws -> Void
  ) async throws {
    let lottery = try Lottery(agencies: agencies)
    let rows = (1...2).map { [String].rows(1000, of: $0) }
    for (index, rows) in rows.enumerated() { try lottery.write(rows, of: index + 1) }
    let server = try await lottery.startServer(environment)
    let first = try lottery.startAgency(1)
    let running = Attack(port: lottery.port)
    do {
      // Apart from the threads that all tests share: they are few, and some of the tests hardly
      // ever suspend.
      try await withTaskExecutorPreference(Worker(label: "attack")) { try await attack(running) }
    } catch {
      // The lottery may never end: an agency that the attack plays may not have finished.
      for program in [first, server] { program.send(SIGKILL) }
      await running.end()
      throw error
    }
    if !staysConnected { await running.end() }
    let second = try lottery.startAgency(2)
    for (index, agency) in [first, second].enumerated() {
      #expect(await agency.end() == .exit(0), "agency \(index + 1)")
      #expect(agency.lines.contains { $0.hasSuffix("cant_ganadores: 10") })
      #expect(try lottery.storedRows(of: index + 1) == rows[index])
    }
    if !isSanitized { #expect(try #require(server.peakMemory) < Self.memoryLimit) }
    await server.stop()
    await running.end()
  }
}

/// The hostile clients of a lottery, and agencies that a test plays among them.
private final class Attack: Sendable {
  private let port: UInt16
  private let peers = Mutex<[Peer]>([])
  private let tasks = Mutex<[Task<Void, any Error>]>([])

  init(port: UInt16) {
    self.port = port
  }

  /// A connection that stays until the attack ends.
  func connect() throws -> Peer {
    let patience = Duration.seconds(isSanitized ? 60 : 20)
    let peer = try Peer(port: port, takesResets: true, patience: patience)
    peers.withLock { $0.append(peer) }
    return peer
  }

  /// Finishes for agency 3, of which that many bets must be stored.
  func finish(stored: UInt64) async throws {
    let agency = try connect()
    try await agency.send(Frames.hello(3), Frames.finished(stored))
    try await #require(agency.receive()?.stored == stored)
    try await #require(agency.receive() == .confirmed)
  }

  /// Sends `bytes` on a connection of its own, and expects messages with these codes until the
  /// server ends that, nil for what is no ERROR.
  func expect(
    _ codes: [ErrorCode?], after bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let client = try connect()
    defer { client.close() }
    try await client.send(bytes)
    let found = try await client.receiveMessages().map(\.errorCode)
    try #require(found == codes, sourceLocation: sourceLocation)
  }

  /// Sends a line, and expects the same line.
  func echo(_ line: String) async throws {
    let client = try connect()
    defer { client.close() }
    try await client.send(Array(line.utf8))
    try await #require(client.receiveAll() == Array(line.utf8))
  }

  /// Sends `greeting` and then `frame` again and again, and takes the answers, until the server
  /// ends the connection.
  func flood(with frame: [UInt8], after greeting: [UInt8]) async throws {
    let client = try connect()
    try await client.send(greeting)
    let frames = [[UInt8]](repeating: frame, count: 1000).flatMap(\.self)
    run { while try await client.send(frames) {} }
    run { while try await !client.receive(1 << 16).isEmpty {} }
  }

  /// Sends `bytes` on one connection after the other, until the server has gone and connecting
  /// fails.
  func repeatConversation(_ bytes: [UInt8], from host: UInt8 = 1) {
    run { [port] in
      while true {
        let client = try Peer(port: port, takesResets: true, host: host)
        defer { client.close() }
        try await client.send(bytes)
        _ = try await client.receiveAll()
      }
    }
  }

  private func run(_ work: @escaping @Sendable () async throws -> Void) {
    let task = Task(executorPreference: Worker(label: "flood")) { try await work() }
    tasks.withLock { $0.append(task) }
  }

  func end() async {
    // The number of a descriptor must not be another's while a task uses it.
    for task in tasks.withLock({ $0 }) { _ = await task.result }
    for peer in peers.withLock({ $0 }) { peer.close() }
  }
}
