package import LotteryProtocol

extension WireMessage {
  /// The frame of this message, header included.
  package var frame: [UInt8] {
    var frame: [UInt8] = []
    append(to: &frame)
    return frame
  }
}

extension [ServerMessage] {
  package var frames: [UInt8] { flatMap(\.frame) }
}

/// The messages of the server that `frames` hold, which must be whole.
package func serverMessages(in frames: [UInt8]) throws -> [ServerMessage] {
  var unread = frames.indices
  var messages: [ServerMessage] = []
  while let frame = try frames.span.nextFrame(in: unread) {
    messages.append(try ServerMessage(frame: frames.span.extracting(frame)))
    unread = frame.upperBound..<frames.count
  }
  precondition(unread.isEmpty, "half a frame")
  return messages
}

/// The frames that an agency or the operator sends, header included.
package enum Frames {
  package static let winnersQuery = AgencyMessage.winnersQuery.frame
  package static let statusQuery = AgencyMessage.statusQuery.frame

  package static func hello(_ agency: UInt32, version: UInt8 = 1, key: String = "") -> [UInt8] {
    var frame = AgencyMessage.hello(agency: agency, key: key).frame
    frame[ProtocolLimits.frameHeaderSize + 1] = version
    return frame
  }

  package static func bet(_ bet: Bet, at offset: UInt64) -> [UInt8] {
    var frame: [UInt8] = []
    BetBatch.appendSingle(bet, offset: offset, to: &frame)
    return frame
  }

  /// - Parameter bad: the index of the bet whose document is no number.
  package static func batch(_ bets: [Bet], badAt bad: Int? = nil, at offset: UInt64) -> [UInt8] {
    var body = [MessageType.batch.rawValue] + bytes(offset) + bytes(UInt16(bets.count))
    for (index, bet) in bets.enumerated() {
      // Without header, type and offset.
      var bytes = Array(Self.bet(bet, at: 0).dropFirst(13))
      let document = 3 + bet.firstName.utf8.count + bet.lastName.utf8.count
      if index == bad { bytes[document] = UInt8(ascii: "x") }
      body += bytes
    }
    return frame(body)
  }

  package static func finished(_ total: UInt64) -> [UInt8] {
    AgencyMessage.finished(total: total).frame
  }

  /// A frame of any bytes, its type the first of them.
  package static func frame(_ body: [UInt8]) -> [UInt8] { bytes(UInt32(body.count)) + body }

  private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }
}

/// The body of the frame that `bytes` hold: the header cut off.
package func withoutHeader(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.dropFirst(4)) }

extension InputBuffer {
  /// Takes all of `bytes`, for which there must be room.
  package mutating func feed(_ bytes: some Collection<UInt8>) {
    let copy = Array(bytes)
    precondition(append(copying: copy.span) == copy.count, "no room")
  }

  /// The bytes that have not been consumed.
  package var unreadBytes: [UInt8] { Array(storage[unread]) }
}
