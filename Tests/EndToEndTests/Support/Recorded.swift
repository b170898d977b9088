import LotteryCore
import Testing

/// What agency 3 sends, as the contract has it (`PROTOCOL.md`, Every message in hex), for strangers
/// to send again.
enum Recorded {
  static let hello: [UInt8] = [0, 0, 0, 7, 1, 1, 0, 0, 0, 3, 0]
  static let winnersQuery: [UInt8] = [0, 0, 0, 1, 5]
  static let statusQuery: [UInt8] = [0, 0, 0, 1, 0x10]
  /// Both bets, at offset 0.
  static let batch: [UInt8] =
    [0, 0, 0, 0x4F, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] + santiago + zoe
  /// The smallest bet that there is, at offset 0: 25 bytes.
  static let bet: [UInt8] =
    [0, 0, 0, 0x15, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x37, 0x07, 0xCF, 3, 17, 0, 0, 0, 1]

  private static let santiago: [UInt8] =
    [15] + Array("Santiago Lionel".utf8) + [5] + Array("Lorca".utf8)
    + [8] + Array("30904465".utf8) + [0x07, 0xCF, 3, 17, 0, 0, 0x1D, 0x96]
  private static let zoe: [UInt8] =
    [3] + Array("Zoe".utf8) + [7] + Array("Núñez".utf8)
    + [8] + Array("04712339".utf8) + [0x07, 0xCE, 4, 18, 0, 0, 0x04, 0x79]

  static func finished(_ total: UInt64) -> [UInt8] {
    var frame: [UInt8] = []
    AgencyMessage.finished(total: total).append(to: &frame)
    return frame
  }

  /// Finishes for agency 3, of which that many bets must be stored.
  static func finish(stored: UInt64, _ port: UInt16) throws {
    let stranger = try Stranger(port: port)
    defer { stranger.close() }
    try stranger.send(hello + finished(stored))
    #expect(try stranger.receiveMessage(agency: 3)?.stored == stored)
    #expect(try stranger.receiveMessage(agency: 3) == .confirmed)
  }
}

extension ServerMessage {
  /// How many bets are stored, if it is a WELCOME.
  var stored: UInt64? {
    if case .welcome(_, _, let stored, _) = self { stored } else { nil }
  }

  /// The code, if it is an ERROR.
  var errorCode: ErrorCode? {
    if case .error(let code, _) = self { code } else { nil }
  }
}
