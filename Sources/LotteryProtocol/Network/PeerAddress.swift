import Glibc

/// Who is at the other end of a connection.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address, as text.
  public let ip: String
  /// Whether the peer is on this machine.
  public let isLoopback: Bool

  /// The address that `accept` filled in.
  init(_ address: sockaddr_in) {
    var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
    var binary = address.sin_addr
    inet_ntop(AF_INET, &binary, &text, socklen_t(text.count))
    ip = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    isLoopback = UInt32(bigEndian: address.sin_addr.s_addr) >> 24 == 127
  }

  /// The address, as text.
  public var description: String { ip }
}
