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

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `what goes in comes out, in order, however it is cut`(seed: UInt64) {
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

  @Test func `however little arrives at a time, there is room for it until the buffer is full`() {
    var buffer = InputBuffer(capacity: 20_000)
    for count in 1...20_000 {
      #expect(buffer.append(copying: [UInt8(truncatingIfNeeded: count)].span) == 1)
    }
    let isFull = buffer.isFull
    #expect(isFull)
    #expect(buffer.unreadBytes == (1...20_000).map { UInt8(truncatingIfNeeded: $0) })
  }

  @Test func `bytes come out as they went in, whatever is taken, filled and shrunk in between`() {
    var random = SeededGenerator(seed: 12)
    var buffer = InputBuffer(capacity: 16 * 1024)
    var expected: [UInt8] = []
    for _ in 0..<5000 {
      let limit = random.oneIn(3) ? 6000 : 40
      let bytes = (0..<Int.random(in: 0...limit, using: &random)).map { UInt8($0 & 0xFF) }
      let taken = buffer.append(copying: bytes.span)
      #expect(taken == min(bytes.count, buffer.capacity - expected.count))
      expected += bytes[..<taken]
      if random.oneIn(4) { buffer.shrink() }
      let used = Int.random(in: 0...expected.count, using: &random)
      buffer.consume(used)
      expected.removeFirst(used)
      if random.oneIn(4) { buffer.releaseIfEmpty() }
      #expect(buffer.unreadBytes == expected)
    }
  }
}
