@testable import LotteryProtocol

/// Frames worked out by hand from the contract (`PROTOCOL.md`); our own encoder had no part in
/// them.
enum MessageSamples {
  /// Ana Ñu, document 007, born 1999-03-17, number 2201: 20 bytes.
  static let ana = "03416E61 03C39175 03303037 07CF0311 00000899"
  /// No names, document 0, born 9999-12-31, number 4294967295: 12 bytes.
  static let nameless = "00 00 0130 270F0C1F FFFFFFFF"

  static let hello = hex("00000009 01 01 00000005 026162")
  static let bet = hex("0000001D 02 0000000000000007" + ana)
  static let batch = hex("0000002B 03 0102030405060708 0002" + ana + nameless)
  static let finished = hex("00000009 04 000000000000012C")
  static let winnersQuery = hex("00000001 05")

  static let welcome = hex("0000000B 81 01 00 0000000000000000")
  static let welcomeBack = hex("0000001F 81 01 02 0000000000000001" + ana)
  static let stored = hex("00000009 82 0000000000010000")
  static let rejected = hex("0000000F 83 0000000000000001 0002 01 026E6F")
  static let confirmed = hex("00000001 84")
  static let winners = hex("00000009 85 01 0002 023132 0133")
  static let noWinners = hex("00000004 85 00 0000")
  static let error = hex("00000003 8F 09 00")

  static let statusQuery = hex("00000001 10")
  /// Of five agencies, with two connections: agency 3 with 300 bets has finished and is connected.
  static let status = hex(
    "0000001B 90 00 01 00000005 00000002 0001 00000003 000000000000012C 01 01")
  static let statusGoesOn = hex("0000000D 90 01 00 00000000 00000000 0000")

  static let syncsQuery = hex("00000001 11")
  /// Three syncs of 12 ms together, the longest of 6 ms.
  static let syncs = hex("00000019 91 0000000000000003 0000000000B71B00 00000000005B8D80")

  /// Every message that an agency sends, or the operator.
  static let ofAgency = [hello, bet, batch, finished, winnersQuery, statusQuery, syncsQuery]
  /// Every message that the server sends.
  static let ofServer = [
    welcome, welcomeBack, stored, rejected, confirmed, winners, noWinners, error, status,
    statusGoesOn, syncs,
  ]
  /// Every message there is.
  static let all = ofAgency + ofServer
}

/// Decodes what an agency sent as far as the server does: a batch's bets too.
///
/// - Returns: the message, its bets, and the first bet that breaks a rule.
func decodeFromAgency(
  _ frame: [UInt8]
) throws(WireError) -> (message: AgencyMessage, bets: [Bet], bad: BetBatch.BadBet?) {
  let message = try AgencyMessage(frame: frame.span)
  guard case .bets(let batch) = message else { return (message, [], nil) }
  var bets: [Bet] = []
  let bad = try batch.forEachBet(in: frame.span) { index, located in
    precondition(index == bets.count, "bets out of order")
    bets.append(Bet(agency: 5, located, in: frame.span))
  }
  return (message, bets, bad)
}
