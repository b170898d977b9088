import Testing
import TestSupport

@testable import LotteryProtocol

@Suite struct WinnersTests {
  /// The WINNERS frames for `documents`: their sizes, header included, and what they say.
  private func frames(
    _ documents: [String]
  ) throws -> [(size: Int, more: Bool, documents: [String])] {
    let bytes = Self.bytes(documents)
    var frames: [(size: Int, more: Bool, documents: [String])] = []
    var start = 0
    while let frame = try bytes.span.nextFrame(in: start..<bytes.count) {
      let message = try ServerMessage(frame: bytes.span.extracting(frame))
      guard case .winners(let more, let part) = message else {
        throw WireError.unknownType(bytes[frame.lowerBound])
      }
      frames.append((frame.upperBound - start, more, part))
      start = frame.upperBound
    }
    #expect(start == bytes.count)
    return frames
  }

  private static func bytes(_ documents: [String]) -> [UInt8] {
    var rest = documents.flatMap { [UInt8($0.utf8.count)] + $0.utf8 }
    var (missing, frames) = (documents.count, [UInt8]())
    repeat {
      let part = ServerMessage.appendWinners(rest.span, of: missing, to: &frames)
      rest.removeFirst(part.size)
      missing -= part.count
    } while missing > 0
    return frames
  }

  @Test func `no winners are one frame without documents`() throws {
    #expect(Self.bytes([]) == MessageSamples.noWinners)
  }

  @Test(arguments: [
    (998, 7, [7999]), (998, 8, [8000]), (998, 9, [7992, 17]), (999, 8, [8000, 16]),
  ])
  func `a frame is filled up to 8000 bytes`(count: Int, lastSize: Int, sizes: [Int]) throws {
    // 8 bytes come first, then 8 for each document: its length and 7 digits.
    var documents = (0..<count).map { String(1_000_000 + $0) }
    documents.append(String(repeating: "9", count: lastSize - 1))
    let frames = try frames(documents)
    #expect(frames.map(\.size) == sizes)
    #expect(frames.flatMap(\.documents) == documents)
  }

  @Test(arguments: [1, 380, 381, 2000])
  func `any number of winners arrives whole and in order`(count: Int) throws {
    // 21 bytes each: 380 fit after the 8 bytes before them.
    let documents = (0..<count).map { "1" + String(10_000_000_000 + $0) + "12345678" }
    let frames = try frames(documents)
    #expect(frames.flatMap(\.documents) == documents)
    #expect(frames.count == (count + 379) / 380)
    #expect(frames.allSatisfy { $0.size <= 8000 })
    #expect(frames.map(\.more) == frames.indices.map { $0 < frames.count - 1 })
  }
}
