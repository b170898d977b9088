@testable import LotteryCore

/// The frames that an agency sends, header included.
enum Frames {
  static func hello(_ agency: UInt32, version: UInt8 = 1, key: String = "") -> [UInt8] {
    var frame: [UInt8] = []
    AgencyMessage.hello(agency: agency, key: key).append(to: &frame)
    frame[ProtocolLimits.frameHeaderSize + 1] = version
    return frame
  }

  static func bet(_ bet: Bet, at offset: UInt64) -> [UInt8] {
    var frame: [UInt8] = []
    BetBatch.appendSingle(bet, offset: offset, to: &frame)
    return frame
  }

  static func batch(_ bets: [Bet], at offset: UInt64) -> [UInt8] {
    var body: [UInt8] = [MessageType.batch.rawValue]
    body.append(bigEndian: offset)
    body.append(bigEndian: UInt16(bets.count))
    for bet in bets { body.append(bet: bet) }
    return frame(body)
  }

  /// A batch whose bet at `index` has a document that is no number.
  static func batch(_ bets: [Bet], badAt index: Int, at offset: UInt64) -> [UInt8] {
    var body: [UInt8] = [MessageType.batch.rawValue]
    body.append(bigEndian: offset)
    body.append(bigEndian: UInt16(bets.count))
    for (position, bet) in bets.enumerated() {
      let start = body.count
      body.append(bet: bet)
      let document = start + 3 + bet.firstName.utf8.count + bet.lastName.utf8.count
      if position == index { body[document] = UInt8(ascii: "x") }
    }
    return frame(body)
  }

  static func finished(_ total: UInt64) -> [UInt8] {
    var frame: [UInt8] = []
    AgencyMessage.finished(total: total).append(to: &frame)
    return frame
  }

  static var winnersQuery: [UInt8] {
    var frame: [UInt8] = []
    AgencyMessage.winnersQuery.append(to: &frame)
    return frame
  }

  static var statusQuery: [UInt8] {
    var frame: [UInt8] = []
    AgencyMessage.statusQuery.append(to: &frame)
    return frame
  }

  static var syncsQuery: [UInt8] {
    var frame: [UInt8] = []
    AgencyMessage.syncsQuery.append(to: &frame)
    return frame
  }

  /// A frame of any bytes, its type the first of them.
  static func frame(_ body: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = []
    frame.append(bigEndian: UInt32(body.count))
    return frame + body
  }
}
