@testable import AgencyClient
@testable import LotteryProtocol

/// An agency whose processes send one bet each (exercise 5), now and then two at the same time, and
/// what each of them said of its bet when it ended.
final class BetAgency: SimulatedAgency, @unchecked Sendable {
  /// What a process knows of its bet when it ends.
  private enum Outcome {
    case stored
    case notStored
    case unknown
  }

  let number: UInt32
  private let bets: [Bet]
  private unowned let lottery: Lottery
  private var started = 0
  private var outcomes: [Outcome?]
  private(set) var processes: [AgencyProcess] = []
  /// Bets that the server said it holds.
  private var acknowledged: UInt64 = 0

  init(_ number: UInt32, bets: [Bet], in lottery: Lottery) {
    self.number = number
    self.bets = bets
    self.lottery = lottery
    outcomes = bets.map { _ in nil }
  }

  var isDone: Bool { outcomes.allSatisfy { $0 != nil } }

  func start() {
    guard started < bets.count else { return }
    let index = started
    started += 1
    let process = lottery.process()
    processes.append(process)
    process.start { await self.run(process, bet: index) }
    if lottery.world.oneIn(4) { start() }
  }

  /// Kills one of the processes that run.
  func restart() {
    processes.first?.kill()
  }

  private func run(_ process: AgencyProcess, bet index: Int) async {
    var conversation = BetConversation(bets[index], agency: number, key: "")
    let isAlone = processes.count == 1
    do throws(AgencyError) {
      try await process.retrying { connection throws(AgencyError) in
        try await converse(&conversation, over: &connection)
      }
      outcomes[index] = .stored
    } catch {
      if !isHonest(error, isAlone: isAlone) { fail("ended: \(error)") }
      outcomes[index] = conversation.isInDoubt ? .unknown : .notStored
    }
    processes.removeAll { $0 === process }
    if processes.isEmpty { start() }
  }

  /// Whether a process may end with `error`: it was killed, or another one has taken its place.
  private func isHonest(_ error: AgencyError, isAlone: Bool) -> Bool {
    switch error {
    case .cancelled: true
    case .refused(.superseded, _), .overtaken: !isAlone
    default: false
    }
  }

  private func converse(
    _ conversation: inout BetConversation, over connection: inout AgencyConnection
  ) async throws(AgencyError) {
    connection.send(conversation.hello())
    while true {
      let message = try await connection.receive()
      if case .welcome(_, _, let stored, let lastBet) = message { check(stored, lastBet) }
      switch try conversation.receive(message) {
      case .send(let frame): connection.send(frame)
      case .stored: return
      }
    }
  }

  private func check(_ stored: UInt64, _ lastBet: Bet?) {
    // Two processes may receive what the server sent them in another order.
    if processes.count == 1 {
      if stored < acknowledged { fail("\(stored) bets after \(acknowledged) were acknowledged") }
      acknowledged = stored
    }
    if let lastBet, !bets.contains(lastBet) { fail("WELCOME with another's bet") }
  }

  func check(stored rows: [Bet], total: UInt64?) {
    for (bet, outcome) in zip(bets, outcomes) {
      guard let outcome else { continue }
      let times = rows.count { $0 == bet }
      switch outcome {
      case .stored where times == 1, .notStored where times == 0, .unknown where times <= 1: break
      default: fail("bet \(bet.document) is there \(times) times, and was said to be \(outcome)")
      }
    }
    if rows.contains(where: { !bets.contains($0) }) { fail("a bet that nobody sent") }
  }

  private func fail(_ reason: String) {
    lottery.world.fail("agency \(number): \(reason)")
  }
}
