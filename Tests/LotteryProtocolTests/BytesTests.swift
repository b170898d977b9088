import TestSupport
import Testing

@testable import LotteryProtocol

@Suite struct InputBufferTests {
  private struct Refusal: Error, Equatable {}

  @Test func `it owns no memory before it is filled, nor once it has given it back`() {
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

  @Test func `it takes no more than its capacity`() {
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

  @Test func `all its room can be filled again once its bytes have been consumed`() {
    var buffer = InputBuffer(capacity: 4)
    buffer.feed([1, 2, 3, 4])
    buffer.consume(3)
    buffer.feed([5, 6, 7])
    let kept = buffer.unreadBytes
    #expect(kept == [4, 5, 6, 7])
  }

  @Test func `bytes that a failed read has written are not taken`() {
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

  @Test func `however little arrives at a time, there is room for it until the buffer is full`() {
    var buffer = InputBuffer(capacity: 20_000)
    for count in 1...20_000 {
      #expect(buffer.append(copying: [UInt8(truncatingIfNeeded: count)].span) == 1)
    }
    let isFull = buffer.isFull
    #expect(isFull)
    #expect(buffer.unreadBytes == (1...20_000).map { UInt8(truncatingIfNeeded: $0) })
  }
}
