import LotteryCore
import LotteryProtocol
import ProcessSupport

/// The service of exercises 1 to 4: one line, sent back unaltered (`PROTOCOL.md`, One port, two
/// services).
struct EchoService: ~Copyable {
  private var stream: PeerStream
  private let log: Log

  /// A service that begins with what `stream` has received.
  init(stream: consuming PeerStream, log: Log) {
    self.stream = stream
    self.log = log
  }

  /// Serves until the line has been sent back. A line that is too long gets no answer.
  mutating func run() async throws(ServiceError) {
    guard let line = try await receiveLine(), !line.isEmpty else { return }
    let ip = stream.channel.peer?.ip ?? ""
    await log.waitForRoom()
    log.stranger(
      .info, LogLine("receive_message", .success, ["ip": ip, "msg": Self.text(of: line)]))
    try await stream.send(line)
  }

  /// Returns the line with its end, or what came before the peer's end, or nil if it is too long.
  private mutating func receiveLine() async throws(ServiceError) -> [UInt8]? {
    while true {
      let bytes = stream.buffer.storage[stream.buffer.unread]
        .prefix(ProtocolLimits.echoLineSize + 1)
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(bytes[...end])
        return line.count <= ProtocolLimits.echoLineSize ? line : nil
      }
      guard bytes.count <= ProtocolLimits.echoLineSize else { return nil }
      guard try await stream.receive() else { return Array(bytes) }
    }
  }

  /// The line without its end, as the log shows it.
  private static func text(of line: [UInt8]) -> String {
    var text = line[...]
    if text.last == UInt8(ascii: "\n") { text.removeLast() }
    if text.last == UInt8(ascii: "\r") { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}
