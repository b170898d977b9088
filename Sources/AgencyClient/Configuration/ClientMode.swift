/// What an agency is to do.
enum ClientMode: String, CaseIterable {
  /// Exercises 6 to 8: all bets of its file, and its winners.
  case lottery
  /// Exercise 5: one bet.
  case bet
  /// Exercises 1 to 4: a few lines to and fro.
  case echo
}
