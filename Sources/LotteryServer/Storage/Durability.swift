/// What an acknowledgement promises.
package enum Durability: String, Sendable, CaseIterable {
  /// The bets survive a crash of the machine.
  case disk
  /// The bets survive a crash of the server, not of the machine.
  case process
}
