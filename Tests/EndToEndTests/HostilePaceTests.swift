import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// A client that is too slow is told so, and the lottery goes on.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HostilePaceTests {
  private let impatient = ["SERVER_TIMEOUT": "500ms"]

  @Test func `half a frame and silence get ERROR 9, half a line gets nothing`() async throws {
    try await SiegedLottery.hold(impatient) { attack in
      let (half, silent) = (try attack.connect(), try attack.connect())
      let echo = try attack.connect()
      try await half.send(Array(Recorded.hello.dropLast()))
      try await echo.send(Array("half a li".utf8))
      #expect(try await half.receiveError() == .tooSlow)
      #expect(try await silent.receiveError() == .tooSlow)
      #expect(try await echo.receive(1) == [])
    }
  }

  @Test func `half a batch and silence get ERROR 9 after HELLO, too`() async throws {
    try await SiegedLottery.hold(agencies: 3, impatient) { attack in
      let client = try attack.connect()
      try await client.send(Recorded.hello + Recorded.batch.dropLast())
      #expect(try await client.receive()?.stored == 0)
      #expect(try await client.receiveError() == .tooSlow)
      try await attack.finish(stored: 0)
    }
  }

  @Test func `one byte at a time does not postpone ERROR 9`() async throws {
    try await SiegedLottery.hold(impatient) { attack in
      let client = try attack.connect()
      var rest = [0, 0, 0x1F, 0x3C] + [UInt8](repeating: 1, count: 7996)
      while !rest.isEmpty, !client.hasAnswer {
        try await client.send([rest.removeFirst()])
        try await Self.giveTime(attack)
      }
      #expect(!rest.isEmpty)
      #expect(try await client.receiveError() == .tooSlow)
    }
  }

  @Test func `an agency that sends byte by byte in time is served like any other`() async throws {
    try await SiegedLottery.hold(agencies: 3, staysConnected: true) { attack in
      let agency = try attack.connect()
      for byte in Recorded.hello + Recorded.batch + Frames.finished(2) {
        try await agency.send([byte])
        try await Self.giveTime(attack)
      }
      #expect(try await agency.receive()?.stored == 0)
      #expect(try await agency.receive() == .stored(2))
      #expect(try await agency.receive() == .confirmed)
    }
  }

  /// Gives the server time to look at what was sent: as long as it takes to echo a line.
  private static func giveTime(_ attack: Attack) async throws {
    let client = try attack.connect()
    defer { client.close() }
    try await client.send(Array("tick\n".utf8))
    #expect(try await client.receive(6) == Array("tick\n".utf8))
  }
}
