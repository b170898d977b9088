/// Every limit of the wire contract, in one place. Sizes are in bytes.
public enum ProtocolLimits {
  /// The version that HELLO and WELCOME carry.
  public static let version: UInt8 = 1
  /// The largest packet, its header included: "8 kB" in its strictest reading (`PROTOCOL.md`,
  /// Framing).
  public static let packetSize = 8000
  /// The length field in front of every frame.
  public static let frameHeaderSize = 4
  /// The lengths a frame may announce: a type byte at least, a packet of `packetSize` at most.
  public static let frameLength = 1...(packetSize - frameHeaderSize)
  /// A text carries its length in one byte.
  public static let textSize = 255
  /// Digits in a document.
  public static let documentDigits = 1...20
  /// The years a birthdate may lie in: those that four digits can write.
  public static let years: ClosedRange<UInt16> = 1...9999
  /// A line of the echo service, its line feed included (`PROTOCOL.md`, One port, two services).
  public static let echoLineSize = 8000
  /// Bets in one batch: the count is 16 bits wide.
  public static let batchCount = 1...Int(UInt16.max)
  /// Batches in flight: sent and not answered yet.
  public static let window = 1...1024
  /// A row of a CSV file, its line end included. Five texts of 255 bytes, all quotes doubled, fit.
  public static let csvRowSize = 4096
}
