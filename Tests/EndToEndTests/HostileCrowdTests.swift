import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// However many clients connect and however much they send, the lottery goes on.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HostileCrowdTests {
  /// A million times the same frame, sent a thousand at a time.
  private static func sendMillion(_ frame: [UInt8], to client: Peer) async throws {
    let thousand = Array([[UInt8]](repeating: frame, count: 1000).joined())
    for _ in 0..<1000 { guard try await client.send(thousand) else { return } }
  }

  @Test func `a million tiny frames before HELLO get ERROR 5 once`() async throws {
    try await SiegedLottery.hold { attack in
      let client = try attack.connect()
      try await Self.sendMillion(Recorded.winnersQuery, to: client)
      #expect(try await client.receiveError() == .notNow)
    }
  }

  @Test func `a million times the same bet is that bet once`() async throws {
    try await SiegedLottery.hold(agencies: 3) { attack in
      let agency = try attack.connect()
      try await agency.send(Recorded.hello)
      #expect(try await agency.receive()?.stored == 0)
      try await Self.sendMillion(Recorded.bet, to: agency)
      try await agency.send(Frames.finished(1))
      agency.finishSending()
      let answers = try await agency.receiveMessages()
      #expect(answers.dropLast().allSatisfy { $0 == .stored(1) })
      #expect(answers.last == .confirmed)
    }
  }

  @Test func `2,000 silent connections do not hold up the lottery`() async throws {
    Self.raiseDescriptorLimit()
    let backlog = ["SERVER_LISTEN_BACKLOG": "2048"]
    try await SiegedLottery.hold(backlog, staysConnected: true) { attack in
      for index in 0..<2000 {
        let client = try attack.connect()
        if index % 2 == 0 { try await client.send(Array(Recorded.hello.prefix(6))) }
      }
    }
  }

  @Test func `a flood of echo lines comes back line by line`() async throws {
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: ProtocolLimits.echoLineSize - 1) + [10]
    try await SiegedLottery.hold { attack in
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            for _ in 0..<50 {
              let client = try attack.connect()
              try await client.send(line)
              #expect(try await client.receive(line.count + 1) == line)
              client.close()
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func `of 300 connections of one agency only the last stays`() async throws {
    Self.raiseDescriptorLimit()
    try await SiegedLottery.hold(agencies: 3, ["SERVER_LISTEN_BACKLOG": "512"]) { attack in
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
    }
  }

  /// As many descriptors as this process may have; the programs that it starts have as many.
  private static func raiseDescriptorLimit() {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    #expect(getrlimit(resource, &limit) == 0)
    limit.rlim_cur = limit.rlim_max
    #expect(setrlimit(resource, &limit) == 0)
  }
}
