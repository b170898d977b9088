import LotteryProtocol
import TestSupport

/// The course's own `store_bets` and `load_bets`, run by Python.
enum CourseStorage {
  /// Appends `bets` to the file at `path`.
  static func store(_ bets: [Bet], to path: String) throws {
    let _: [[String]] = try PythonOracle.ask(
      "store_bets.py", ["store", path], about: bets.map(fields))
  }

  /// The fields of each bet in the file at `path`.
  static func load(_ path: String) throws -> [[String]] {
    try PythonOracle.ask("store_bets.py", ["load", path], about: [[String]]())
  }

  /// The fields of a bet, as ``load(_:)`` gives them.
  static func fields(of bet: Bet) -> [String] {
    [
      "\(bet.agency)", bet.firstName, bet.lastName, bet.document, bet.birthdate.description,
      "\(bet.number)",
    ]
  }
}
