import LotteryCore
import TestSupport
import LotteryProtocol

@testable import LotteryServer

extension Winners {
  /// The documents of all winners of `agency`, and the size of the largest chunk of frames.
  func all(of agency: UInt32) throws -> (documents: [String], largestChunk: Int) {
    var (reader, documents, largest) = (reader(of: agency), [String](), 0)
    while !reader.isAtEnd {
      // Whole frames.
      let frames = try reader.next()
      largest = max(largest, frames.count)
      var buffer = InputBuffer(capacity: frames.count)
      buffer.append(copying: frames.span)
      while let message = try buffer.nextServerMessage() {
        let isLast = reader.isAtEnd && buffer.unread.isEmpty
        guard case .winners(!isLast, let part) = message else { throw Peer.Unexpected() }
        documents += part
      }
      if !buffer.unread.isEmpty { throw Peer.Unexpected() }
    }
    return (documents, largest)
  }

  /// The documents of all winners of `agency`.
  func documents(of agency: UInt32) throws -> [String] { try all(of: agency).documents }
}

extension StoredBets {
  /// The bets in the file at `path`.
  convenience init(path: String) throws {
    self.init(file: try File(reading: path), path: path)
  }
}
