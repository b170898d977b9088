/// Frames worked out by hand from the contract (`PROTOCOL.md`); our own encoder had no part in
/// them.
package enum MessageSamples {
  /// Ana Ñu, document 007, born 1999-03-17, number 2201: 20 bytes.
  package static let ana = "03416E61 03C39175 03303037 07CF0311 00000899"
  /// No names, document 0, born 9999-12-31, number 4294967295: 12 bytes.
  package static let nameless = "00 00 0130 270F0C1F FFFFFFFF"

  package static let hello = hex("00000009 01 01 00000005 026162")
  package static let bet = hex("0000001D 02 0000000000000007" + ana)
  package static let batch = hex("0000002B 03 0102030405060708 0002" + ana + nameless)
  package static let finished = hex("00000009 04 000000000000012C")
  package static let winnersQuery = hex("00000001 05")

  package static let welcome = hex("0000000B 81 01 00 0000000000000000")
  package static let welcomeBack = hex("0000001F 81 01 02 0000000000000001" + ana)
  package static let stored = hex("00000009 82 0000000000010000")
  package static let rejected = hex("0000000F 83 0000000000000001 0002 01 026E6F")
  package static let confirmed = hex("00000001 84")
  package static let winners = hex("00000009 85 01 0002 023132 0133")
  package static let noWinners = hex("00000004 85 00 0000")
  package static let error = hex("00000003 8F 09 00")

  package static let statusQuery = hex("00000001 10")
  /// Of five agencies, with two connections, after three syncs of 12 ms together, the longest of
  /// 6 ms: agency 3 with 300 bets has finished and is connected.
  package static let status = hex(
    "00000033 90 00 01 00000005 00000002 0000000000000003 0000000000B71B00 00000000005B8D80"
      + " 0001 00000003 000000000000012C 01 01")
  package static let statusGoesOn = hex(
    "00000025 90 01 00 00000000 00000000" + noSyncs + " 0000")
  /// The fields of STATUS about syncs, of a server that has made none.
  package static let noSyncs = "0000000000000000 0000000000000000 0000000000000000"

  package static let ofAgency = [
    hello, bet, batch, finished, winnersQuery, statusQuery,
  ]
  package static let ofServer = [
    welcome, welcomeBack, stored, rejected, confirmed, winners, noWinners, error, status,
    statusGoesOn,
  ]
  package static let all = ofAgency + ofServer
}

/// The bytes that `text` writes in hexadecimal, blanks between them ignored.
package func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { $0 != " " && $0 != "\n" }.compactMap(\.hexDigitValue)
  precondition(digits.count % 2 == 0, "half a byte")
  return stride(from: 0, to: digits.count, by: 2).map { index in
    UInt8(digits[index] * 16 + digits[index + 1])
  }
}

/// The body of the frame that `bytes` hold: the header cut off.
package func withoutHeader(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.dropFirst(4)) }
