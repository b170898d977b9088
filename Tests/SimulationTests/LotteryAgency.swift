import TestSupport

@testable import AgencyClient
@testable import LotteryProtocol

/// An agency that sends its bets and asks for its winners, and what it was promised. Its process is
/// killed now and then, and another one begins again.
final class LotteryAgency: SimulatedAgency, @unchecked Sendable {
  let number: UInt32
  let bets: [Bet]
  private(set) var isDone = false
  /// Whether a FINISHED was sent.
  private(set) var hasFinished = false

  private unowned let lottery: Lottery
  private let batchSize: Int
  private let window: Int
  private var process: AgencyProcess
  /// Bets that the server said it holds, to whichever process.
  private var acknowledged: UInt64 = 0
  /// Bets that were sent, by whichever process.
  private var sent: UInt64 = 0
  private var isConfirmed = false

  init(_ number: UInt32, bets: [Bet], in lottery: Lottery) {
    self.number = number
    self.bets = bets
    self.lottery = lottery
    batchSize = lottery.world.random(in: 1..<4)
    window = lottery.world.random(in: 1..<5)
    process = lottery.process()
  }

  func start() {
    process = lottery.process()
    let process = process
    process.start { await self.run(process) }
  }

  func restart() {
    process.kill()
    if !isDone { start() }
  }

  var processes: [AgencyProcess] { [process] }

  private func run(_ process: AgencyProcess) async {
    var conversation = LotteryConversation(agency: number, key: "", window: window)
    do throws(AgencyError) {
      try await process.retrying { connection throws(AgencyError) in
        try await converse(&conversation, over: &connection)
      }
      isDone = true
    } catch {
      if error != .cancelled { fail("ended: \(error)") }
    }
  }

  private func converse(
    _ conversation: inout LotteryConversation, over connection: inout AgencyConnection
  ) async throws(AgencyError) {
    var (next, documents) = (0, [String]())
    connection.send(conversation.hello())
    while true {
      let message = try await connection.receive()
      check(message)
      if case .winners(_, let some) = message { documents += some }
      switch try conversation.receive(message) {
      case .resume(let stored, _, _): next = Int(stored)
      case .over(let winners): return checkWinners(documents, count: winners)
      case .stored, .confirmed, .winners: break
      }
      var frames: [UInt8] = []
      try conversation.appendFrames(to: &frames) { frames in self.batch(&next, to: &frames) }
      hasFinished = hasFinished || !conversation.isSending
      connection.send(frames)
    }
  }

  private func batch(_ next: inout Int, to frames: inout [UInt8]) -> SentBatch? {
    let batch = Array(bets.dropFirst(next).prefix(batchSize))
    guard !batch.isEmpty else { return nil }
    frames += Frames.batch(batch, at: UInt64(next))
    next += batch.count
    sent = max(sent, UInt64(next))
    return SentBatch(count: batch.count, end: UInt64(next))
  }
}

/// What the agency was promised.
extension LotteryAgency {
  private func check(_ message: ServerMessage) {
    switch message {
    case .welcome(_, let state, let stored, let lastBet):
      checkHolds(stored)
      let last = stored > 0 && stored <= bets.count ? bets[Int(stored) - 1] : nil
      if lastBet != last { fail("WELCOME \(stored) with another last bet") }
      if state != .open, !hasFinished { fail("WELCOME says that it has finished") }
      if state == .open, isConfirmed { fail("WELCOME takes CONFIRMED back") }
      if state == .drawn, !lottery.allHaveFinished { fail("WELCOME says that the draw was held") }
    case .stored(let stored): checkHolds(stored)
    case .confirmed:
      if acknowledged < bets.count { fail("CONFIRMED with \(acknowledged) bets stored") }
      isConfirmed = true
    case .winners:
      if !lottery.allHaveFinished { fail("WINNERS before all have finished") }
    case .rejected, .error, .status: break
    }
  }

  private func checkHolds(_ stored: UInt64) {
    if stored < acknowledged { fail("\(stored) bets after \(acknowledged) were acknowledged") }
    if stored > sent { fail("\(stored) bets are stored, and \(sent) were sent") }
    acknowledged = stored
  }

  private func checkWinners(_ documents: [String], count: UInt64) {
    let winners = bets.filter { $0.number == 7574 }.map(\.document)
    if documents != winners { fail("winners \(documents), not \(winners)") }
    if count != winners.count { fail("counted \(count) of \(winners.count) winners") }
  }

  func check(stored rows: [Bet], total: UInt64?) {
    if rows != bets { fail("its \(bets.count) bets are not there once, but \(rows.count)") }
    if total != UInt64(bets.count) { fail("finished.csv has \(total ?? 0) of \(bets.count)") }
  }

  private func fail(_ reason: String) {
    lottery.world.fail("agency \(number): \(reason)")
  }
}
