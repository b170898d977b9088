import Foundation
import LotteryCore

/// A connection to the server from somebody who may do anything, in plain blocking calls.
///
/// What it does belongs on a thread of its own: see ``OwnThread``.
struct Stranger: Sendable {
  private let descriptor: Int32

  /// How long it waits for the server before it takes it for dead.
  private static let patience = timeval(tv_sec: 20, tv_usec: 0)

  /// Connects to a server on this machine.
  init(port: UInt16) throws {
    descriptor = socket(
      AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), Int32(IPPROTO_TCP))
    var (noDelay, patience) = (Int32(1), Self.patience)
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, 4)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      let size = socklen_t(MemoryLayout<timeval>.size)
      setsockopt(descriptor, SOL_SOCKET, option, &patience, size)
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result < 0 { throw Self.failure() }
  }

  /// Sends `bytes`; false where the server has ended the connection before it took them all.
  @discardableResult
  func send(_ bytes: [UInt8]) throws -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        guard errno == EPIPE || errno == ECONNRESET else { throw Self.failure() }
        return false
      }
      sent += count
    }
    return true
  }

  /// Says that nothing more will be sent.
  func finishSending() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// The next `count` bytes, or fewer where the server ends the connection before.
  func receive(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var received = 0
    while received < count {
      let size = bytes[received...].withUnsafeMutableBytes {
        recv(descriptor, $0.baseAddress, $0.count, 0)
      }
      if size < 0, errno != ECONNRESET { throw Self.failure() }
      if size <= 0 { break }
      received += size
    }
    return Array(bytes[..<received])
  }

  /// Whether something has arrived, or the connection has ended.
  var hasAnswer: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) >= 0
  }

  /// The next message; nil where the server has ended the connection.
  func receiveMessage(agency: UInt32 = 0) throws -> ServerMessage? {
    let header = try receive(ProtocolLimits.frameHeaderSize)
    guard header.count == ProtocolLimits.frameHeaderSize else { return nil }
    let length = header.reduce(0) { $0 << 8 | Int($1) }
    let frame = try receive(length)
    return try ServerMessage(frame: frame.span)
  }

  /// All messages until the server ends the connection.
  func receiveMessages(agency: UInt32 = 0) throws -> [ServerMessage] {
    var messages: [ServerMessage] = []
    while let message = try receiveMessage(agency: agency) { messages.append(message) }
    return messages
  }

  /// The code of the ERROR that is all that the server says before it ends the connection.
  func receiveError() throws -> ErrorCode? {
    let messages = try receiveMessages()
    guard messages.count == 1, case .error(let code, _) = messages[0] else { return nil }
    return code
  }

  func close() {
    Foundation.close(descriptor)
  }

  private static func failure() -> POSIXError {
    POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
  }
}
