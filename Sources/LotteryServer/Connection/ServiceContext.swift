import ProcessSupport

/// What every connection of a server shares.
struct ServiceContext: Sendable {
  /// How many agencies take part; with 0 there is the echo service and no draw.
  let agencies: UInt32
  let store: BetStore
  let draw: Draw
  let log: Log
}
