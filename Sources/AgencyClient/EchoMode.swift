import LotteryCore
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
    try await Persistence(configuration.retry, log: log).run { persistence throws(AgencyError) in
      try await exchangeAll(persistence)
    }
  }

  private func exchangeAll(_ persistence: Persistence) async throws(AgencyError) {
    for number in stride(from: 1, through: configuration.loopAmount, by: 1) {
      let answer = try await exchange(
        "[CLIENT \(configuration.id)] Message N°\(number)\n", persistence)
      persistence.noteProgress()
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
  private func exchange(
    _ line: String, _ persistence: Persistence
  ) async throws(AgencyError) -> String {
    let link = try await connect(persistence)
    let answer: String?
    do throws(AgencyError) {
      try await link.send(Array(line.utf8))
      answer = try await receiveLine(from: link)
    } catch {
      close(link)
      throw error
    }
    close(link)
    guard let answer else { throw .disconnected("the server did not send the whole line back") }
    return answer
  }

  private func connect(_ persistence: Persistence) async throws(AgencyError) -> ServerLink {
    while true {
      do throws(AgencyError) {
        return try await ServerLink(
          to: configuration.serverAddress, worker: worker, persistence: persistence)
      } catch {
        try await persistence.pause(after: error)
      }
    }
  }

  /// Nil where the connection ends before the line does, or the line is too long.
  private func receiveLine(from link: ServerLink) async throws(AgencyError) -> String? {
    var buffer = InputBuffer(capacity: ProtocolLimits.echoLineSize)
    while !buffer.isFull, try await link.receive("the line to come back", into: &buffer) > 0 {
      let bytes = buffer.storage[buffer.unread]
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        return String(decoding: bytes[..<end], as: UTF8.self)
      }
    }
    return nil
  }

  private func close(_ link: ServerLink) {
    link.close()
    log.info(LogLine("close_socket", .success, ["client_id": "\(configuration.id)"]))
  }
}
