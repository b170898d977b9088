import LotteryProtocol

/// The server said something else than it should have.
struct UnexpectedAnswer: Error, CustomStringConvertible {
  private let agency: UInt32
  /// Nil where it closed the connection.
  private let answer: ServerMessage?

  init(_ agency: UInt32, _ answer: ServerMessage?) {
    self.agency = agency
    self.answer = answer
  }

  var description: String {
    "agency \(agency): the server \(answer.map { "said \($0)" } ?? "closed the connection")"
  }
}
