import LotteryCore
import LotteryProtocol
import ProcessSupport

/// The service of exercises 1 to 4: one line, sent back unaltered (`PROTOCOL.md`, One port, two
/// services).
struct EchoService: ~Copyable {
  let channel: Channel
  let log: Log
  /// Holds what has arrived.
  var buffer: InputBuffer

  /// Serves until the line has been sent back. A line that is too long gets no answer.
  mutating func run() async throws(ServiceError) {
    guard let line = try await receiveLine(), !line.isEmpty else { return }
    let ip = channel.peer?.ip ?? ""
    await log.waitForRoom()
    log.info(LogLine("receive_message", .success, ["ip": ip, "msg": Self.text(of: line)]))
    do throws(ChannelError) {
      try await channel.send(line)
    } catch {
      throw .channel(error)
    }
  }

  private mutating func receiveLine() async throws(ServiceError) -> [UInt8]? {
    while true {
      let bytes = buffer.storage[buffer.unread].prefix(ProtocolLimits.echoLineSize + 1)
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        return Self.fitting(Array(bytes[...end]))
      }
      guard bytes.count <= ProtocolLimits.echoLineSize else { return nil }
      do throws(ChannelError) {
        if try await channel.receive(into: &buffer) == 0 { return Array(bytes) }
      } catch {
        throw .channel(error)
      }
    }
  }

  private static func fitting(_ line: [UInt8]) -> [UInt8]? {
    line.count <= ProtocolLimits.echoLineSize ? line : nil
  }

  /// The line without its end, as the log shows it.
  private static func text(of line: [UInt8]) -> String {
    var text = line[...]
    if text.last == UInt8(ascii: "\n") { text.removeLast() }
    if text.last == UInt8(ascii: "\r") { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}
