import Foundation
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

/// Clients that break the contract, are too slow, come in crowds, or never stop. Each is told so,
/// and the lottery of agencies 1 and 2 goes on.
@Suite(.serialized, .timeLimit(.minutes(10))) struct HostileTests {
  @Test(arguments: contract + pace + crowds + floods)
  private func `the lottery goes on`(siege: Siege) async throws {
    try await siege.hold()
  }

  // What agency 3 sends, for hostile clients to send again.
  private static let hello = Frames.hello(3)
  private static let batch = frame { Frames.batch(try sampleBets(0..<2), at: 0) }
  private static func bet(at offset: UInt64) -> [UInt8] {
    frame { Frames.bet(try sampleBet(), at: offset) }
  }
  private static func frame(_ make: () throws -> [UInt8]) -> [UInt8] { (try? make()) ?? [] }

  // MARK: - Who breaks the contract

  private static let contract = [
    Siege("garbage gets ERROR 1, or what the echo service says: nothing") { attack in
      var random = SeededGenerator(seed: 1)
      for _ in 0..<50 {
        let size = Int.random(in: 6...20_000, using: &random)
        let noise = (0..<size).map { _ in UInt8.random(in: 11...255, using: &random) }
        // A length that is far too large, and one that is right before a type that is none.
        for start: [UInt8] in [[0], [0, 0, 0, 2]] {
          try await attack.expect([.malformed], after: start + noise)
        }
        // A line without an end.
        let line = noise + [UInt8](repeating: 0xFF, count: ProtocolLimits.echoLineSize)
        try await attack.expect([], after: line)
      }
    },
    Siege("each breach has its ERROR, before and after HELLO", agencies: 3) { attack in
      for length: [UInt8] in [[0, 0, 0, 0], [0, 0, 0x1F, 0x3D], [0, 0xFF, 0xFF, 0xFF]] {
        try await attack.expect([.malformed], after: length)
        try await attack.expect([nil, .malformed], after: hello + length)
      }
      try await attack.expect([nil, .malformed], after: hello + [0xFF, 0xFF, 0xFF, 0xFF])
      for agency: UInt32 in [0, 4, 0x0100_0000, .max] {
        try await attack.expect([.unknownAgency], after: Frames.hello(agency))
      }
      try await attack.expect([.version], after: [0, 0, 0, 2, 1, 2])
      try await attack.expect([.notNow], after: Frames.winnersQuery)
      try await attack.expect([nil, .totalsDiffer], after: hello + Frames.finished(9))
      // What comes before it is stored and answered.
      try await attack.expect([nil, nil, .malformed], after: hello + batch + [0, 0, 0, 0])
      try await attack.finish(stored: 2)
    },
    Siege("a recorded session that is sent again stores nothing twice", agencies: 3) { attack in
      let clients = try (0..<2).map { _ in try attack.connect() }
      for (client, stored) in zip(clients, [0, 2] as [UInt64]) {
        try await client.send(hello + batch)
        try await #require(client.receive()?.stored == stored)
        try await #require(client.receive() == .stored(2))
      }
      try await #require(clients[0].receiveMessages().map(\.errorCode) == [.superseded])
      try await attack.finish(stored: 2)
    },
  ]

  // MARK: - Slow clients

  private static let impatient = ["SERVER_TIMEOUT": "500ms"]

  private static let pace = [
    Siege(
      "half a message and silence get ERROR 9, half a line gets nothing", agencies: 4, impatient
    ) { attack in
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
      try await attack.finish(stored: 0)
      try await idle.send(Frames.finished(0))
      try await #require(idle.receive()?.stored == 0)
      try await #require(idle.receive() == .confirmed)
    },
    Siege("one byte at a time does not postpone ERROR 9", impatient) { attack in
      let client = try attack.connect()
      var rest = [0, 0, 0x1F, 0x3C] + [UInt8](repeating: 1, count: 7996)
      while !rest.isEmpty, !client.hasAnswer {
        try await client.send([rest.removeFirst()])
        try await attack.giveTime()
      }
      try #require(!rest.isEmpty)
      try await #require(client.receiveMessages().map(\.errorCode) == [.tooSlow])
    },
    Siege(
      "an agency that sends byte by byte in time is served", agencies: 3, staysConnected: true
    ) { attack in
      let agency = try attack.connect()
      for byte in hello + batch + Frames.finished(2) {
        try await agency.send([byte])
        try await attack.giveTime()
      }
      try await #require(agency.receive()?.stored == 0)
      try await #require(agency.receive() == .stored(2))
      try await #require(agency.receive() == .confirmed)
    },
    Siege("an agency that does not take its answers is ended", agencies: 3, impatient) { attack in
      let client = try attack.connect()
      try await client.send(hello)
      let thousand = Array([[UInt8]](repeating: Frames.finished(0), count: 1000).joined())
      // Until it has been thrown out, which ends what the kernel takes for it.
      while try await client.send(thousand) {}
    },
  ]

  // MARK: - Crowds of clients

  private static let crowds = [
    Siege("a million tiny frames before HELLO get ERROR 5 once") { attack in
      let client = try attack.connect()
      try await sendMillion(Frames.winnersQuery, to: client)
      try await #require(client.receiveMessages().map(\.errorCode) == [.notNow])
    },
    Siege("a million times the same bet is that bet once", agencies: 3) { attack in
      let agency = try attack.connect()
      try await agency.send(hello)
      try await #require(agency.receive()?.stored == 0)
      try await sendMillion(bet(at: 0), to: agency)
      try await agency.send(Frames.finished(1))
      agency.finishSending()
      let answers = try await agency.receiveMessages()
      try #require(answers.dropLast().allSatisfy { $0 == .stored(1) })
      try #require(answers.last == .confirmed)
    },
    Siege(
      "2,000 silent connections hold up nothing", ["SERVER_LISTEN_BACKLOG": "2048"],
      staysConnected: true
    ) { attack in
      raiseDescriptorLimit()
      for index in 0..<2000 {
        let client = try attack.connect()
        if index % 2 == 0 { try await client.send(Array(hello.prefix(6))) }
      }
    },
    Siege(
      "agencies get in and on while clients of five addresses take every place again and again",
      ["SERVER_MAX_CONNECTIONS": "20", "SERVER_MAX_CONNECTIONS_PER_ADDRESS": "5"],
      staysConnected: true
    ) { attack in
      attack.run {
        try await withThrowingTaskGroup { group in
          for number in 0..<50 {
            group.addTask {
              while true {
                let client = try Peer(
                  port: attack.port, takesResets: true, host: UInt8(1 + number % 5))
                defer { client.close() }
                try await client.send([0])
                _ = try? await client.receiveAll()
              }
            }
          }
          try await group.waitForAll()
        }
      }
    },
    Siege("a flood of echo lines comes back line by line") { attack in
      let size = ProtocolLimits.echoLineSize
      let line = [UInt8](repeating: UInt8(ascii: "x"), count: size - 1) + [10]
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask { for _ in 0..<50 { try await attack.echo(line) } }
        }
        try await group.waitForAll()
      }
    },
    Siege(
      "of 300 connections of one agency only the last stays", agencies: 3,
      ["SERVER_LISTEN_BACKLOG": "512"]
    ) { attack in
      raiseDescriptorLimit()
      let storm = try (0..<300).map { _ in try attack.connect() }
      for client in storm { try await client.send(hello) }
      // The server may hear them in any order. The one that follows is the newest.
      var answers: [ServerMessage?] = []
      for client in storm { answers.append(try await client.receive()) }
      try await attack.finish(stored: 0)
      for (client, answer) in zip(storm, answers) {
        let ending = answer?.stored == 0 ? try await client.receive() : answer
        try #require(ending?.errorCode == .superseded)
      }
    },
  ]

  /// A million times the same frame, sent a thousand at a time.
  private static func sendMillion(_ frame: [UInt8], to client: Peer) async throws {
    let thousand = Array([[UInt8]](repeating: frame, count: 1000).joined())
    for _ in 0..<1000 { guard try await client.send(thousand) else { return } }
  }

  /// As many descriptors as this process may have; the server raises its own.
  private static func raiseDescriptorLimit() {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    #expect(getrlimit(resource, &limit) == 0)
    limit.rlim_cur = limit.rlim_max
    #expect(setrlimit(resource, &limit) == 0)
  }

  // MARK: - Who never stops

  /// More than the threads on which the server serves all of its connections.
  private static let flooders = ProcessInfo.processInfo.activeProcessorCount + 2

  private static let floods = [
    Siege(
      "agencies that repeat FINISHED without end hold up nothing", agencies: 2 + flooders,
      staysConnected: true
    ) { attack in
      for agency in 3...UInt32(2 + flooders) {
        try await attack.flood(with: Frames.finished(0), after: Frames.hello(agency))
      }
    },
    Siege(
      "batches that are rejected on one connection after the other hold up nothing",
      agencies: 2 + flooders, staysConnected: true
    ) { attack in
      for agency in 3...UInt32(2 + flooders) {
        // After all that is stored.
        let conversation = Frames.hello(agency) + Frames.finished(0) + bet(at: 9)
        attack.run {
          // Until the server has gone, and connecting fails.
          while true {
            let client = try Peer(port: attack.port, takesResets: true)
            defer { client.close() }
            try await client.send(conversation)
            _ = try await client.receiveAll()
          }
        }
      }
    },
    Siege("questions for the status without end hold up nothing", staysConnected: true) { attack in
      for _ in 0..<flooders { try await attack.flood(with: Frames.statusQuery, after: []) }
    },
  ]
}

/// What hostile clients do to a lottery that goes on.
private struct Siege: CustomTestStringConvertible, Sendable {
  let testDescription: String
  private let agencies: Int
  private let environment: [String: String]
  private let staysConnected: Bool
  private let attack: @Sendable (Attack) async throws -> Void

  /// Memory that the server may take at most, in kB: five times what it takes without an attack.
  private static let memoryLimit = 64 * 1024
  /// How long an attack may take.
  private static let limit = Duration.seconds(isSanitized ? 300 : 60)
  private static let rows = (1...2).map { [String].rows(1000, of: $0) }

  /// - Parameters:
  ///   - agencies: how many there are, those that `attack` plays among them: 3 and more.
  ///   - staysConnected: whether the clients stay until the server ends them. Otherwise, they go
  ///     when `attack` returns.
  ///   - attack: returns before agency 2 comes. Throws if it is not answered as it must be.
  init(
    _ description: String, agencies: Int = 2, _ environment: [String: String] = [:],
    staysConnected: Bool = false, attack: @escaping @Sendable (Attack) async throws -> Void
  ) {
    testDescription = description
    self.agencies = agencies
    self.environment = environment
    self.staysConnected = staysConnected
    self.attack = attack
  }

  /// Holds the lottery, and checks that the attack affects neither agency.
  func hold() async throws {
    let lottery = try Lottery(agencies: agencies)
    for (index, rows) in Self.rows.enumerated() { try lottery.write(rows, of: index + 1) }
    let server = try await lottery.startServer(environment)
    let first = try lottery.startAgency(1)
    let running = Attack(port: lottery.port)
    do {
      try await withLimit(Self.limit) { try await attack(running) }
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
      #expect(try lottery.storedRows(of: index + 1) == Self.rows[index])
    }
    if !isSanitized { #expect(try #require(server.peakMemory) < Self.memoryLimit) }
    await server.stop()
    await running.end()
  }
}

/// The attack took too long.
private struct TimedOut: Error {}

/// Runs `body` for no longer than `limit`, apart from the threads that all tests share: they are
/// few, and some of the tests hardly ever suspend.
private func withLimit(
  _ limit: Duration, _ body: @escaping @Sendable () async throws -> Void
) async throws {
  try await withThrowingTaskGroup { group in
    group.addTask(executorPreference: Worker(label: "attack")) { try await body() }
    group.addTask {
      try await Task.sleep(for: limit)
      throw TimedOut()
    }
    defer { group.cancelAll() }
    try await group.next()
  }
}

/// The hostile clients of a lottery, and agencies that a test plays among them.
private final class Attack: Sendable {
  let port: UInt16
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
  func echo(_ line: [UInt8]) async throws {
    let client = try connect()
    defer { client.close() }
    try await client.send(line)
    try await #require(client.receive(line.count + 1) == line)
  }

  /// Gives the server time to look at what was sent: as long as it takes to echo a line.
  func giveTime() async throws { try await echo(Array("tick\n".utf8)) }

  /// Sends `greeting` and then `frame` again and again, and takes the answers, until the server
  /// ends the connection.
  func flood(with frame: [UInt8], after greeting: [UInt8]) async throws {
    let client = try connect()
    try await client.send(greeting)
    let frames = [[UInt8]](repeating: frame, count: 1000).flatMap(\.self)
    run { while try await client.send(frames) {} }
    run { while try await !client.receive(1 << 16).isEmpty {} }
  }

  /// Goes on with `work` until the server ends its connection.
  func run(_ work: @escaping @Sendable () async throws -> Void) {
    let task = Task(executorPreference: Worker(label: "flood")) { try await work() }
    tasks.withLock { $0.append(task) }
  }

  func end() async {
    // The number of a descriptor must not be another's while a task uses it.
    for task in tasks.withLock({ $0 }) { _ = await task.result }
    for peer in peers.withLock({ $0 }) { peer.close() }
  }
}
