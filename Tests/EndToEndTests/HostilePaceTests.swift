import Foundation
import LotteryCore
import TestSupport
import Testing

/// Whoever is too slow is told so, and the lottery goes on.
@Suite("Slow and silent peers, with the real server", .serialized, .timeLimit(.minutes(1)))
struct HostilePaceTests {
  private let impatient = ["SERVER_TIMEOUT": "500ms"]

  @Test func `half a frame and silence, and silence alone, get ERROR 9; half a line gets nothing`()
    async throws
  {
    try await SiegedLottery.hold(impatient) { port in
      try await onThread {
        let (half, silent) = (try Stranger(port: port), try Stranger(port: port))
        let echo = try Stranger(port: port)
        try half.send(Array(Recorded.hello.dropLast()))
        try echo.send(Array("half a li".utf8))
        #expect(try half.receiveError() == .tooSlow)
        #expect(try silent.receiveError() == .tooSlow)
        #expect(try echo.receive(1) == [])
        for stranger in [half, silent, echo] { stranger.close() }
        return []
      }
    }
  }

  @Test func `half a batch and silence get ERROR 9 after HELLO, too`() async throws {
    try await SiegedLottery.hold(agencies: 3, impatient) { port in
      try await onThread {
        let stranger = try Stranger(port: port)
        try stranger.send(Recorded.hello + Recorded.batch.dropLast())
        #expect(try stranger.receiveMessage(agency: 3)?.stored == 0)
        #expect(try stranger.receiveError() == .tooSlow)
        stranger.close()
        try Recorded.finish(stored: 0, port)
        return []
      }
    }
  }

  @Test func `one byte now and then gains no time: ERROR 9 comes in the middle of the frame`()
    async throws
  {
    try await SiegedLottery.hold(impatient) { port in
      try await onThread {
        let stranger = try Stranger(port: port)
        var rest = [0, 0, 0x1F, 0x3C] + [UInt8](repeating: 1, count: 7996)
        while !rest.isEmpty, !stranger.hasAnswer {
          try stranger.send([rest.removeFirst()])
          try Self.giveTime(port)
        }
        #expect(!rest.isEmpty)
        #expect(try stranger.receiveError() == .tooSlow)
        stranger.close()
        return []
      }
    }
  }

  @Test func `an agency that sends byte by byte and is done in time is served like any other`()
    async throws
  {
    try await SiegedLottery.hold(agencies: 3) { port in
      try await onThread {
        let agency = try Stranger(port: port)
        for byte in Recorded.hello + Recorded.batch + Recorded.finished(2) {
          try agency.send([byte])
          try Self.giveTime(port)
        }
        #expect(try agency.receiveMessage(agency: 3)?.stored == 0)
        #expect(try agency.receiveMessage(agency: 3) == .stored(2))
        #expect(try agency.receiveMessage(agency: 3) == .confirmed)
        return [agency]
      }
    }
  }

  /// Gives the server the time to look at what was sent: as long as it takes to echo a line.
  private static func giveTime(_ port: UInt16) throws {
    let stranger = try Stranger(port: port)
    defer { stranger.close() }
    try stranger.send(Array("tick\n".utf8))
    #expect(try stranger.receive(6) == Array("tick\n".utf8))
  }
}
