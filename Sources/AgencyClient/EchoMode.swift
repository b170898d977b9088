import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Exercises 1 to 4: sends lines, each over a connection of its own, and reads them back.
struct EchoMode {
  let agency: Agency

  /// Runs until all lines have come back.
  func run() async throws(AgencyError) {
    try await agency.retry.run { () throws(AgencyError) in try await exchangeAll() }
  }

  private func exchangeAll() async throws(AgencyError) {
    let (id, configuration) = (agency.id, agency.configuration)
    for number in stride(from: 1, through: configuration.loopAmount, by: 1) {
      let answer = try await exchange("[CLIENT \(id)] Message N°\(number)\n")
      agency.retry.noteProgress()
      agency.log.info(
        LogLine("receive_message", .success, ["client_id": "\(id)", "msg": answer]))
      try await mapError({ _ in AgencyError.cancelled }) {
        try await Task.sleep(for: configuration.loopPeriod)
      }
    }
    agency.log.info(LogLine("loop_finished", .success, ["client_id": "\(id)"]))
  }

  /// Sends `line` and returns what came back, without its line end. Only connecting is retried: a
  /// line is sent once, whatever becomes of it.
  private func exchange(_ line: String) async throws(AgencyError) -> String {
    let channel = try await agency.retry.retrying { () throws(AgencyError) in
      try await agency.connect()
    }
    return try await agency.withChannel(channel) { channel throws(AgencyError) in
      try await agency.retry.wait(for: "the server to receive") { () throws(AgencyError) in
        try await mapError(AgencyError.init) { () async throws(ChannelError) in
          try await channel.send(Array(line.utf8))
        }
      }
      return try await receiveLine(from: channel)
    }
  }

  private func receiveLine(from channel: Channel) async throws(AgencyError) -> String {
    var buffer = InputBuffer(capacity: ProtocolLimits.echoLineSize)
    while !buffer.isFull, try await receive(from: channel, into: &buffer) > 0 {
      let bytes = buffer.storage[buffer.unread]
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        return String(decoding: bytes[..<end], as: UTF8.self)
      }
    }
    throw .disconnected("the server did not send the whole line back")
  }

  private func receive(
    from channel: Channel, into buffer: inout InputBuffer
  ) async throws(AgencyError) -> Int {
    try await agency.retry.wait(for: "the line to come back") { () throws(AgencyError) in
      try await mapError(AgencyError.init) { () async throws(ChannelError) in
        try await channel.receive(into: &buffer)
      }
    }
  }
}
