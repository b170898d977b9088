import Dispatch
import Glibc
import Synchronization

@testable import LotteryCore
@testable import LotteryProtocol

/// The other end of a connection, in plain blocking system calls, so that a test says exactly what
/// arrives when.
final class Peer: Sendable {
  private let descriptor: Int32
  private let isOpen = Atomic(true)

  /// Connects to a port of this machine.
  ///
  /// - Parameter receiveBuffer: bytes that the kernel may keep for this peer, where that matters.
  init(port: UInt16, receiveBuffer: Int32? = nil) throws(SystemError) {
    let made = try SystemError.check("socket") {
      // SOCK_CLOEXEC: a program that another test starts would keep the connection open.
      socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    descriptor = made
    try Self.set(TCP_NODELAY, of: Int32(IPPROTO_TCP), to: Int32(1), on: made)
    if let receiveBuffer { try Self.set(SO_RCVBUF, of: SOL_SOCKET, to: receiveBuffer, on: made) }
    var address = Self.loopback(port: port)
    try SystemError.check("connect") {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(made, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
  }

  /// Sends all of `bytes`.
  func send(_ bytes: [UInt8]) throws(SystemError) {
    var sent = 0
    while sent < bytes.count {
      sent += try SystemError.check("send") {
        bytes[sent...].withUnsafeBytes {
          Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
      }
    }
  }

  /// Receives until `count` bytes are there or the other side sends no more, `piece` at a time.
  func receive(_ count: Int, piece: Int = 65536) throws(SystemError) -> [UInt8] {
    var received: [UInt8] = []
    var room = [UInt8](repeating: 0, count: piece)
    while received.count < count {
      let wanted = min(piece, count - received.count)
      let size = try SystemError.check("recv") { recv(descriptor, &room, wanted, 0) }
      if size == 0 { break }
      received += room[..<size]
    }
    return received
  }

  /// Receives on a thread of its own and gives the bytes to the promise that it returns.
  func receiveInBackground(_ count: Int, piece: Int = 65536) -> Promise<[UInt8]> {
    let promise = Promise<[UInt8]>()
    DispatchQueue(label: "peer").async {
      promise.fulfill((try? self.receive(count, piece: piece)) ?? [])
    }
    return promise
  }

  /// Says that nothing more will be sent.
  func shutdownWriting() {
    _ = shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Ends the connection, unless that was done before.
  func close() {
    let wasOpen = isOpen.exchange(false, ordering: .relaxed)
    if wasOpen { _ = Glibc.close(descriptor) }
  }

  /// Breaks the connection off, as a machine does that has crashed (socket(7), SO_LINGER).
  func reset() throws(SystemError) {
    try Self.set(SO_LINGER, of: SOL_SOCKET, to: linger(l_onoff: 1, l_linger: 0), on: descriptor)
    close()
  }

  /// A port of this machine without a listener, taken until `body` has returned.
  static func withSilentPort<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (UInt16) async throws -> Result
  ) async throws -> Result {
    let taken = try Socket(family: AF_INET)
    defer { taken.close() }
    var address = loopback(port: 0)
    try SystemError.check("bind") {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(taken.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    return try await body(try taken.port())
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private static func set<Value: BitwiseCopyable>(
    _ name: Int32, of level: Int32, to value: Value, on descriptor: Int32
  ) throws(SystemError) {
    var value = value
    try SystemError.check("setsockopt") {
      withUnsafeBytes(of: &value) {
        setsockopt(descriptor, level, name, $0.baseAddress, socklen_t($0.count))
      }
    }
  }
}
