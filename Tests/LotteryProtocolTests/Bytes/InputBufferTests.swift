import TestSupport
import Testing

@testable import LotteryProtocol

@Suite("The buffer of unread bytes")
struct InputBufferTests {
  private struct Refusal: Error, Equatable {}

  @Test("It owns no memory before it is filled, nor once it has given it back")
  func memory() {
    var buffer = InputBuffer(capacity: 8)
    let before = buffer.storage
    #expect(before.isEmpty)
    buffer.feed([1, 2])
    buffer.consume(1)
    buffer.releaseIfEmpty()
    let kept = buffer.unreadBytes
    #expect(kept == [2])
    buffer.consume(1)
    buffer.releaseIfEmpty()
    let after = buffer.storage
    #expect(after.isEmpty)
  }

  @Test("It takes no more than its capacity")
  func capacity() {
    var buffer = InputBuffer(capacity: 4)
    let bytes: [UInt8] = [1, 2, 3, 4, 5]
    let first = buffer.append(copying: bytes.span)
    let isFull = buffer.isFull
    let second = buffer.append(copying: bytes.span)
    #expect(first == 4)
    #expect(isFull)
    #expect(second == 0)
    let kept = buffer.unreadBytes
    #expect(kept == [1, 2, 3, 4])
  }

  @Test("All its room can be filled again once its bytes have been consumed")
  func reuse() {
    var buffer = InputBuffer(capacity: 4)
    buffer.feed([1, 2, 3, 4])
    buffer.consume(3)
    buffer.feed([5, 6, 7])
    let kept = buffer.unreadBytes
    #expect(kept == [4, 5, 6, 7])
  }

  @Test("What a read that fails leaves behind is not taken")
  func failure() {
    var buffer = InputBuffer(capacity: 4)
    buffer.feed([1])
    do throws(Refusal) {
      _ = try buffer.fill { room throws(Refusal) in
        room[0] = 9
        throw Refusal()
      }
      Issue.record("the failure was not thrown on")
    } catch {
      #expect(error == Refusal())
    }
    let kept = buffer.unreadBytes
    #expect(kept == [1])
  }

  @Test("What goes in comes out, in order, however it is cut", arguments: 0..<10 as Range<UInt64>)
  func anyPieces(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let sent = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
    var buffer = InputBuffer(capacity: Int.random(in: 1...64, using: &random))
    var received: [UInt8] = []
    var rest = sent[...]
    while received.count < sent.count {
      let piece = Array(rest.prefix(Int.random(in: 0...50, using: &random)))
      rest = rest.dropFirst(buffer.append(copying: piece.span))
      let taken = Int.random(in: 0...buffer.unread.count, using: &random)
      received += buffer.unreadBytes.prefix(taken)
      buffer.consume(taken)
    }
    #expect(received == sent)
  }
}
