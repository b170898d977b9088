/// The type byte of a frame (`PROTOCOL.md`, What an agency sends, What the server sends, The
/// status).
enum MessageType {
  static let hello: UInt8 = 0x01
  static let bet: UInt8 = 0x02
  static let batch: UInt8 = 0x03
  static let finished: UInt8 = 0x04
  static let winnersQuery: UInt8 = 0x05

  static let welcome: UInt8 = 0x81
  static let stored: UInt8 = 0x82
  static let rejected: UInt8 = 0x83
  static let confirmed: UInt8 = 0x84
  static let winners: UInt8 = 0x85
  static let error: UInt8 = 0x8F

  static let statusQuery: UInt8 = 0x10
  static let status: UInt8 = 0x90
  static let syncsQuery: UInt8 = 0x11
  static let syncs: UInt8 = 0x91
}
