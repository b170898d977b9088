import Glibc

extension Socket {
  /// When a silent or vanished peer is noticed, in seconds (tcp(7)): also while an agency waits for
  /// the draw and neither side has anything to say.
  enum Liveness {
    /// Silence before the first probe.
    static let idle: Int32 = 20
    /// Between probes.
    static let interval: Int32 = 10
    /// Probes without an answer before the connection is given up.
    static let probes: Int32 = 3
    /// How long sent bytes may go unacknowledged, in milliseconds.
    static let userTimeout: Int32 = 50_000
  }

  /// Makes a connected socket send at once and notice within a minute that its peer has vanished.
  func configureConnection() throws(SystemError) {
    let tcp = Int32(IPPROTO_TCP)
    try setOption(TCP_NODELAY, of: tcp, to: 1)
    try setOption(SO_KEEPALIVE, to: 1)
    try setOption(TCP_KEEPIDLE, of: tcp, to: Liveness.idle)
    try setOption(TCP_KEEPINTVL, of: tcp, to: Liveness.interval)
    try setOption(TCP_KEEPCNT, of: tcp, to: Liveness.probes)
    try setOption(TCP_USER_TIMEOUT, of: tcp, to: Liveness.userTimeout)
  }
}
