import Glibc

/// A host and a port: `server:12345`, `[::1]:12345`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  /// The name or the address, without brackets.
  public let host: String
  /// The port, 1 to 65535.
  public let port: UInt16

  /// An endpoint whose values are not checked.
  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Parses `text`. Returns nil if it is not a host and a port.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(decimal: text[text.index(after: colon)...].utf8.span), port > 0
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }

  /// `host:port`, with the host in brackets if it contains a colon.
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

/// The address of the other end of a connection.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address as text.
  public let ip: String
  /// Whether the peer is on this machine.
  public let isLoopback: Bool

  /// The address that `accept` returned.
  init(_ address: sockaddr_in) {
    var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
    var binary = address.sin_addr
    inet_ntop(AF_INET, &binary, &text, socklen_t(text.count))
    ip = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    isLoopback = UInt32(bigEndian: address.sin_addr.s_addr) >> 24 == 127
  }

  /// The address as text.
  public var description: String { ip }
}
