import TestSupport
import Testing

@testable import LotteryProtocol

/// Frames that are filled up to their limits. The fuzz target `frames` cuts up any stream.
@Suite struct FrameTests {
  @Test(arguments: [0, 5000])
  func `a batch takes a bet up to 8000 bytes, whatever is in front of it`(before: Int) throws {
    var bytes = [UInt8](repeating: 0, count: before)
    // 15 bytes of head and 25 bets of 300 bytes leave 485.
    var builder = BatchBuilder(maxAmount: 1000)
    for _ in 0..<25 { try builder.append(sizedBet(300), offset: 0, to: &bytes) }
    for (size, fits) in [(484, true), (485, true), (486, false)] {
      #expect(builder.hasRoom(for: try sizedBet(size).view, in: bytes) == fits)
    }
    try builder.append(sizedBet(485), offset: 0, to: &bytes)
    #expect(builder.finish(&bytes) == 26)
    #expect(try bytes.span.nextFrame(in: before..<bytes.count) == (before + 4)..<(before + 8000))
    let frame = Array(bytes.dropFirst(before + 4))
    #expect(try decodeFromAgency(frame).bets.count == 26)
  }

  @Test(arguments: [1, 2, 300])
  func `a batch takes as many bets as it may, and carries the offset of its first`(
    amount: Int
  ) throws {
    var builder = BatchBuilder(maxAmount: amount)
    var bytes: [UInt8] = []
    #expect(builder.finish(&bytes) == 0)
    for first in [0, amount] {
      let start = bytes.count
      for offset in first..<(first + amount) {
        #expect(builder.hasRoom(for: try Bets.nameless().view, in: bytes), "for bet \(offset)")
        try builder.append(Bets.nameless(), offset: UInt64(offset), to: &bytes)
      }
      #expect(!builder.hasRoom(for: try Bets.nameless().view, in: bytes))
      #expect(builder.count == amount)
      #expect(builder.finish(&bytes) == amount)
      let bets = [Bet](repeating: try Bets.nameless(), count: amount)
      #expect(Array(bytes[start...]) == Frames.batch(bets, at: UInt64(first)))
    }
  }

  @Test(
    arguments: [
      (0, 8, [8]), (998, 7, [7999]), (998, 8, [8000]), (998, 9, [7992, 17]), (999, 8, [8000, 16]),
      (1997, 8, [8000, 8000]), (1998, 8, [8000, 8000, 16]),
    ] as [(Int, Int, [Int])])
  func `winners come whole and in order, in frames of up to 8000 bytes`(
    count: Int, lastSize: Int, sizes: [Int]
  ) throws {
    // 8 bytes come first, then 8 for each document: its length and 7 digits.
    var documents = (0..<count).map { String(1_000_000 + $0) }
    if count > 0 { documents.append(String(repeating: "9", count: lastSize - 1)) }
    var rest = documents.flatMap { [UInt8($0.utf8.count)] + $0.utf8 }
    var (missing, bytes, found) = (documents.count, [UInt8](), [Int]())
    repeat {
      let before = bytes.count
      let part = ServerMessage.appendWinners(rest.span, of: missing, to: &bytes)
      rest.removeFirst(part.size)
      missing -= part.count
      found.append(bytes.count - before)
    } while missing > 0
    #expect(found == sizes)
    var (arrived, more) = ([String](), [Bool]())
    for case .winners(let hasMore, let some) in try serverMessages(in: bytes) {
      arrived += some
      more.append(hasMore)
    }
    #expect(arrived == documents)
    #expect(more == sizes.indices.map { $0 < sizes.count - 1 })
  }
}
