import Glibc
package import LotteryProtocol

/// A descriptor that texts are written to: a terminal, a pipe, a file.
///
/// Another process may have made it non-blocking, and nobody may read from it. So each write is
/// preceded by a wait that ends.
package struct Output: Sendable {
  let descriptor: Int32

  package init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  /// Bytes that a pipe takes at once or not at all, if poll(2) says that it takes any (pipe(7)).
  static let pieceSize = 4096

  /// Waits until the output takes bytes, for at most `limit`.
  ///
  /// - Returns: whether it does. If the wait fails, a write will tell.
  package func waits(atMost limit: Duration) -> Bool {
    var output = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&output, 1, Int32(clamping: limit.nanoseconds / 1_000_000)) != 0
  }

  /// Writes the front of `piece`, which is at most ``pieceSize`` long, if the output takes it.
  ///
  /// - Returns: how many bytes it took.
  package func write(_ piece: Span<UInt8>) throws(SystemError) -> Int {
    do throws(SystemError) {
      return try SystemError.check("write") {
        piece.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      }
    } catch {
      if error.code == EAGAIN { return 0 }
      throw error
    }
  }

  /// Writes all of `bytes`, however long that takes.
  func writeAll(_ bytes: [UInt8]) throws(SystemError) {
    var start = 0
    while start < bytes.count {
      guard waits(atMost: .seconds(3600)) else { continue }
      let end = min(bytes.count, start + Self.pieceSize)
      start += try write(bytes.span.extracting(start..<end))
    }
  }
}
