package import LotteryCore

extension InputBuffer {
  /// Takes all of `bytes`, for which there must be room.
  package mutating func feed(_ bytes: some Collection<UInt8>) {
    let copy = Array(bytes)
    precondition(append(copying: copy.span) == copy.count, "no room")
  }

  /// The bytes that have not been consumed.
  package var unreadBytes: [UInt8] { Array(storage[unread]) }
}
