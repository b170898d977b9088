import LotteryProtocol
import TestSupport
import Testing

/// What agency 3 sends, as the contract has it (`PROTOCOL.md`, Every message in hex), for hostile
/// clients to send again.
enum Recorded {
  static let hello: [UInt8] = [0, 0, 0, 7, 1, 1, 0, 0, 0, 3, 0]
  static let winnersQuery: [UInt8] = [0, 0, 0, 1, 5]
  static let statusQuery: [UInt8] = [0, 0, 0, 1, 0x10]
  /// Both bets, at offset 0.
  static let batch: [UInt8] = [0, 0, 0, 0x4F, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] + santiago + zoe
  /// The smallest bet that there is, at offset 0: 25 bytes.
  static let bet: [UInt8] =
    [0, 0, 0, 0x15, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x37, 0x07, 0xCF, 3, 17, 0, 0, 0, 1]

  private static let santiago: [UInt8] =
    [15] + Array("Santiago Lionel".utf8) + [5] + Array("Lorca".utf8)
    + [8] + Array("30904465".utf8) + [0x07, 0xCF, 3, 17, 0, 0, 0x1D, 0x96]
  private static let zoe: [UInt8] =
    [3] + Array("Zoe".utf8) + [7] + Array("Núñez".utf8)
    + [8] + Array("04712339".utf8) + [0x07, 0xCE, 4, 18, 0, 0, 0x04, 0x79]
}

extension Peer {
  /// The code of the ERROR that is all that the server says before it ends the connection.
  func receiveError() async throws -> ErrorCode? {
    let messages = try await receiveMessages()
    return messages.count == 1 ? messages[0].errorCode : nil
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
