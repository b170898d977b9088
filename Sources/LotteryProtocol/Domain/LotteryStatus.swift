/// How a lottery stands, for its operator (`PROTOCOL.md`, The status).
public struct LotteryStatus: Hashable, Sendable {
  /// How one agency stands.
  public struct Agency: Hashable, Sendable {
    /// Its number.
    public var number: UInt32
    /// Its bets that are safe.
    public var stored: UInt64
    /// Whether its FINISHED is safe.
    public var hasFinished: Bool
    /// Whether a connection speaks for it.
    public var isConnected: Bool

    /// The standing of an agency.
    public init(number: UInt32, stored: UInt64, hasFinished: Bool, isConnected: Bool) {
      self.number = number
      self.stored = stored
      self.hasFinished = hasFinished
      self.isConnected = isConnected
    }
  }

  /// Whether the draw has been held.
  public var isDrawn: Bool
  /// The agencies that take part are numbered from 1 to this.
  public var agencies: UInt32
  /// Connections that are open.
  public var connections: UInt32
  /// Every agency that has bets, has finished or is connected, in the order of their numbers.
  public var seen: [Agency]

  /// The standing of a lottery.
  public init(isDrawn: Bool, agencies: UInt32, connections: UInt32, seen: [Agency]) {
    self.isDrawn = isDrawn
    self.agencies = agencies
    self.connections = connections
    self.seen = seen
  }
}
