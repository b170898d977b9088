import LotteryProtocol
import ProcessSupport

/// Exercises 1 to 4: sends a line again and again, each over a connection of its own, and reads it
/// back.
struct EchoMode {
  let configuration: ClientConfiguration
  let worker: Worker
  let log: Log

  /// Runs until all messages have come back.
  func run() async throws(AgencyError) {
    for number in stride(from: 1, through: configuration.loopAmount, by: 1) {
      let answer = try await exchange("[CLIENT \(configuration.id)] Message N°\(number)\n")
      log.info(
        LogLine("receive_message", .success, ["client_id": "\(configuration.id)", "msg": answer]))
      do {
        try await Task.sleep(for: configuration.loopPeriod)
      } catch {
        throw .cancelled
      }
    }
    log.info(LogLine("loop_finished", .success, ["client_id": "\(configuration.id)"]))
  }

  /// Sends `line` and returns what came back, without its line end.
  private func exchange(_ line: String) async throws(AgencyError) -> String {
    let channel = try await connect()
    let answer: String?
    do throws(ChannelError) {
      try await channel.send(Array(line.utf8))
      answer = try await receiveLine(from: channel)
    } catch {
      await close(channel)
      throw AgencyError(error)
    }
    await close(channel)
    guard let answer else { throw .disconnected("the server did not send the whole line back") }
    return answer
  }

  private func connect() async throws(AgencyError) -> Channel {
    var persistence = Persistence(configuration.retry, log: log)
    while true {
      do throws(Connector.Failure) {
        return try await Connector.connect(to: configuration.serverAddress, worker: worker)
      } catch {
        if error == .cancelled { throw .cancelled }
        try await persistence.pause(
          after: .unreachable("\(configuration.serverAddress): \(error)"))
      }
    }
  }

  /// Nil where the connection ends before the line does, or the line is too long.
  private func receiveLine(from channel: Channel) async throws(ChannelError) -> String? {
    var buffer = InputBuffer(capacity: ProtocolLimits.echoLineSize)
    while !buffer.isFull, try await channel.receive(into: &buffer) > 0 {
      let bytes = buffer.storage[buffer.unread]
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        return String(decoding: bytes[..<end], as: UTF8.self)
      }
    }
    return nil
  }

  private func close(_ channel: Channel) async {
    channel.close()
    log.info(LogLine("close_socket", .success, ["client_id": "\(configuration.id)"]))
  }
}
