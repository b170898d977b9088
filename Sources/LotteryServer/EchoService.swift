import LotteryProtocol
import ProcessSupport

/// The service of exercises 1 to 4: one line, sent back unaltered (`PROTOCOL.md`, One port, two
/// services).
struct EchoService {
  /// Has received its first bytes.
  let connection: Connection
  let log: Log

  /// Serves until the line has been sent back. A line that is too long gets no answer.
  func run() async throws {
    guard let line = try await receiveLine(), !line.isEmpty else { return }
    let ip = connection.handle.peer?.ip ?? ""
    await log.waitForRoom()
    log.stranger(
      .info, LogLine("receive_message", .success, ["ip": ip, "msg": Self.text(of: line)]))
    connection.consume(line.count)
    connection.append(line)
    try await connection.flush()
  }

  /// Returns the line with its end, or what came before the peer's end, or nil if it is too long.
  private func receiveLine() async throws -> [UInt8]? {
    while true {
      let bytes = connection.unread.prefix(ProtocolLimits.echoLineSize + 1)
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(bytes[...end])
        return line.count <= ProtocolLimits.echoLineSize ? line : nil
      }
      guard bytes.count <= ProtocolLimits.echoLineSize else { return nil }
      guard try await connection.fill() else { return Array(bytes) }
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
