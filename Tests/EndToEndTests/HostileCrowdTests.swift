import Foundation
import LotteryCore
import TestSupport
import Testing

/// However many strangers come and however much they send, the lottery goes on.
@Suite("Crowds of hostile peers, with the real server", .serialized, .timeLimit(.minutes(1)))
struct HostileCrowdTests {
  /// A million times the same frame, sent a thousand at a time.
  private static func sendMillion(_ frame: [UInt8], to stranger: Stranger) throws {
    let thousand = Array([[UInt8]](repeating: frame, count: 1000).joined())
    for _ in 0..<1000 { guard try stranger.send(thousand) else { return } }
  }

  @Test func `a million tiny frames of somebody who never said HELLO get ERROR 5 once`()
    async throws
  {
    try await SiegedLottery.hold { port in
      try await onThread {
        let stranger = try Stranger(port: port)
        try Self.sendMillion(Recorded.winnersQuery, to: stranger)
        #expect(try stranger.receiveError() == .notNow)
        stranger.close()
        return []
      }
    }
  }

  @Test func `a million times the same bet is that bet once`() async throws {
    try await SiegedLottery.hold(agencies: 3) { port in
      try await onThread {
        let agency = try Stranger(port: port)
        try agency.send(Recorded.hello)
        #expect(try agency.receiveMessage(agency: 3)?.stored == 0)
        try Self.sendMillion(Recorded.bet, to: agency)
        try agency.send(Recorded.finished(1))
        agency.finishSending()
        let answers = try agency.receiveMessages(agency: 3)
        #expect(answers.dropLast().allSatisfy { $0 == .stored(1) })
        #expect(answers.last == .confirmed)
        agency.close()
        return []
      }
    }
  }

  @Test func `2,000 connections that say nothing or half a HELLO do not hold up the lottery`()
    async throws
  {
    Self.raiseDescriptorLimit()
    try await SiegedLottery.hold(["SERVER_LISTEN_BACKLOG": "2048"]) { port in
      try await onThread {
        try (0..<2000).map { index in
          let stranger = try Stranger(port: port)
          if index % 2 == 0 { try stranger.send(Array(Recorded.hello.prefix(6))) }
          return stranger
        }
      }
    }
  }

  @Test func `a flood of echo lines comes back line by line`() async throws {
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: ProtocolLimits.echoLineSize - 1) + [10]
    try await SiegedLottery.hold { port in
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            try await onThread {
              for _ in 0..<50 {
                let stranger = try Stranger(port: port)
                try stranger.send(line)
                #expect(try stranger.receive(line.count + 1) == line)
                stranger.close()
              }
            }
          }
        }
        try await group.waitForAll()
      }
      return []
    }
  }

  @Test
  func
    `of 300 connections of one agency each gets WELCOME or ERROR 7, and all but the last are ended`()
    async throws
  {
    Self.raiseDescriptorLimit()
    try await SiegedLottery.hold(agencies: 3, ["SERVER_LISTEN_BACKLOG": "512"]) { port in
      try await onThread {
        let storm = try (0..<300).map { _ in try Stranger(port: port) }
        for stranger in storm { try stranger.send(Recorded.hello) }
        // Which of them the server hears first is its affair; the one that follows is the newest.
        let answers = try storm.map { try $0.receiveMessage(agency: 3) }
        try Recorded.finish(stored: 0, port)
        for (stranger, answer) in zip(storm, answers) {
          let ending = answer?.stored == 0 ? try stranger.receiveMessage() : answer
          #expect(ending?.errorCode == .superseded)
          stranger.close()
        }
        return []
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
