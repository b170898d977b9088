import LotteryProtocol
import ProcessSupport

/// Exercises 1 to 4: sends lines, each over a connection of its own, and reads them back.
struct EchoMode {
  let agency: Agency

  /// Runs until all lines have come back.
  func run() async throws(AgencyError) {
    let (id, configuration) = (agency.id, agency.configuration)
    for number in stride(from: 1, through: configuration.loopAmount, by: 1) {
      let answer = try await exchange("[CLIENT \(id)] Message N°\(number)\n")
      agency.attempts.noteProgress()
      agency.log.info(
        LogLine("receive_message", .success, ["client_id": "\(id)", "msg": answer]))
      do { try await Task.sleep(for: configuration.loopPeriod) } catch { throw .cancelled }
    }
    agency.log.info(LogLine("loop_finished", .success, ["client_id": "\(id)"]))
  }

  /// Sends `line` and returns what came back, without its line end. Only connecting is retried: a
  /// line is sent once, whatever becomes of it.
  private func exchange(_ line: String) async throws(AgencyError) -> String {
    let handle = try await agency.attempts.retrying { () throws(AgencyError) in
      try await agency.connect()
    }
    return try await agency.withConnection(handle) { server throws(AgencyError) in
      try await server.send(Array(line.utf8))
      return try await receiveLine(from: server)
    }
  }

  private func receiveLine(from server: ServerConnection) async throws(AgencyError) -> String {
    while server.connection.unread.count < ProtocolLimits.echoLineSize {
      do throws(AgencyError) {
        try await server.fill("the line to come back")
      } catch .disconnected(let reason) {
        throw .disconnected("\(reason), before the whole line had come back")
      }
      let bytes = server.connection.unread.prefix(ProtocolLimits.echoLineSize)
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        return String(decoding: bytes[..<end], as: UTF8.self)
      }
    }
    throw .disconnected("the line that came back does not end")
  }
}
