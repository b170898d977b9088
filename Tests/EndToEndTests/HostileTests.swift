import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// What hostile clients do to a lottery that goes on.
private struct Siege: CustomTestStringConvertible, Sendable {
  let testDescription: String
  var agencies = 2
  var environment: [String: String] = [:]
  var staysConnected = false
  let attack: @Sendable (Attack) async throws -> Void

  /// - Parameters: see ``SiegedLottery/hold(agencies:_:staysConnected:under:)``.
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
}

/// Clients that break the contract, are too slow, come in crowds, or never stop. Each is told so,
/// and the lottery goes on.
@Suite(.serialized, .timeLimit(.minutes(10))) struct HostileTests {
  @Test(arguments: contract + pace + crowds + floods)
  private func `the lottery goes on`(siege: Siege) async throws {
    try await SiegedLottery.hold(
      agencies: siege.agencies, siege.environment, staysConnected: siege.staysConnected,
      under: siege.attack)
  }

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
        try await attack.expect([nil, .malformed], after: Recorded.hello + length)
      }
      let largest: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
      try await attack.expect([nil, .malformed], after: Recorded.hello + largest)
      for agency: UInt32 in [0, 4, 0x0100_0000, .max] {
        try await attack.expect([.unknownAgency], after: Frames.hello(agency))
      }
      try await attack.expect([.version], after: [0, 0, 0, 2, 1, 2])
      try await attack.expect([.notNow], after: Recorded.winnersQuery)
      try await attack.finish(stored: 0)
    },
    Siege("a recorded session that is sent again stores nothing twice", agencies: 3) { attack in
      let (first, second) = (try attack.connect(), try attack.connect())
      try await first.send(Recorded.hello + Recorded.batch)
      #expect(try await first.receive()?.stored == 0)
      #expect(try await first.receive() == .stored(2))
      try await second.send(Recorded.hello + Recorded.batch)
      #expect(try await second.receive()?.stored == 2)
      #expect(try await second.receive() == .stored(2))
      #expect(try await first.receiveError() == .superseded)
      try await attack.finish(stored: 2)
    },
  ]

  // MARK: - Slow clients

  private static let impatient = ["SERVER_TIMEOUT": "500ms"]

  private static let pace = [
    Siege(
      "half a message and silence get ERROR 9, half a line gets nothing", agencies: 3, impatient
    ) { attack in
      let echo = try attack.connect()
      try await echo.send(Array("half a li".utf8))
      for half in [
        [], Array(Recorded.hello.dropLast()), Recorded.hello + Recorded.batch.dropLast(),
      ] {
        let expected: [ErrorCode?] =
          half.count > Recorded.hello.count ? [nil, .tooSlow] : [.tooSlow]
        try await attack.expect(expected, after: half)
      }
      #expect(try await echo.receive(1) == [])
      try await attack.finish(stored: 0)
    },
    Siege("one byte at a time does not postpone ERROR 9", impatient) { attack in
      let client = try attack.connect()
      var rest = [0, 0, 0x1F, 0x3C] + [UInt8](repeating: 1, count: 7996)
      while !rest.isEmpty, !client.hasAnswer {
        try await client.send([rest.removeFirst()])
        try await attack.giveTime()
      }
      #expect(!rest.isEmpty)
      #expect(try await client.receiveError() == .tooSlow)
    },
    Siege(
      "an agency that sends byte by byte in time is served", agencies: 3, staysConnected: true
    ) { attack in
      let agency = try attack.connect()
      for byte in Recorded.hello + Recorded.batch + Frames.finished(2) {
        try await agency.send([byte])
        try await attack.giveTime()
      }
      #expect(try await agency.receive()?.stored == 0)
      #expect(try await agency.receive() == .stored(2))
      #expect(try await agency.receive() == .confirmed)
    },
    Siege("an agency that does not take its answers is ended", agencies: 3, impatient) { attack in
      let client = try attack.connect()
      try await client.send(Recorded.hello)
      let thousand = Array([[UInt8]](repeating: Frames.finished(0), count: 1000).joined())
      // Until it has been thrown out, which ends what the kernel takes for it.
      while try await client.send(thousand) {}
    },
  ]

  // MARK: - Crowds of clients

  private static let crowds = [
    Siege("a million tiny frames before HELLO get ERROR 5 once") { attack in
      let client = try attack.connect()
      try await sendMillion(Recorded.winnersQuery, to: client)
      #expect(try await client.receiveError() == .notNow)
    },
    Siege("a million times the same bet is that bet once", agencies: 3) { attack in
      let agency = try attack.connect()
      try await agency.send(Recorded.hello)
      #expect(try await agency.receive()?.stored == 0)
      try await sendMillion(Recorded.bet, to: agency)
      try await agency.send(Frames.finished(1))
      agency.finishSending()
      let answers = try await agency.receiveMessages()
      #expect(answers.dropLast().allSatisfy { $0 == .stored(1) })
      #expect(answers.last == .confirmed)
    },
    Siege(
      "2,000 silent connections hold up nothing", ["SERVER_LISTEN_BACKLOG": "2048"],
      staysConnected: true
    ) { attack in
      raiseDescriptorLimit()
      for index in 0..<2000 {
        let client = try attack.connect()
        if index % 2 == 0 { try await client.send(Array(Recorded.hello.prefix(6))) }
      }
    },
    Siege("a flood of echo lines comes back line by line") { attack in
      let size = ProtocolLimits.echoLineSize
      let line = [UInt8](repeating: UInt8(ascii: "x"), count: size - 1) + [10]
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            for _ in 0..<50 {
              let client = try attack.connect()
              try await client.send(line)
              #expect(try await client.receive(size + 1) == line)
              client.close()
            }
          }
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
      for client in storm { try await client.send(Recorded.hello) }
      // The server may hear them in any order. The one that follows is the newest.
      var answers: [ServerMessage?] = []
      for client in storm { answers.append(try await client.receive()) }
      try await attack.finish(stored: 0)
      for (client, answer) in zip(storm, answers) {
        let ending = answer?.stored == 0 ? try await client.receive() : answer
        #expect(ending?.errorCode == .superseded)
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
      var bet = Recorded.bet
      // Its offset, after all that is stored.
      bet[12] = 9
      for agency in 3...UInt32(2 + flooders) {
        let conversation = Frames.hello(agency) + Frames.finished(0) + bet
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
      for _ in 0..<flooders { try await attack.flood(with: Recorded.statusQuery, after: []) }
    },
  ]
}

extension Attack {
  /// Sends `bytes` on a connection of its own, and expects messages with these codes until the
  /// server ends that, nil for what is no ERROR.
  fileprivate func expect(
    _ codes: [ErrorCode?], after bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let client = try connect()
    defer { client.close() }
    try await client.send(bytes)
    let found = try await client.receiveMessages().map(\.errorCode)
    #expect(found == codes, sourceLocation: sourceLocation)
  }

  /// Gives the server time to look at what was sent: as long as it takes to echo a line.
  fileprivate func giveTime() async throws {
    let client = try connect()
    defer { client.close() }
    try await client.send(Array("tick\n".utf8))
    #expect(try await client.receive(6) == Array("tick\n".utf8))
  }

  /// Sends `greeting` and then `frame` again and again, and takes the answers, until the server
  /// ends the connection.
  fileprivate func flood(with frame: [UInt8], after greeting: [UInt8]) async throws {
    let client = try connect()
    try await client.send(greeting)
    let frames = [[UInt8]](repeating: frame, count: 1000).flatMap(\.self)
    run { while try await client.send(frames) {} }
    run { while try await !client.receive(1 << 16).isEmpty {} }
  }
}
