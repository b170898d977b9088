import TestSupport

@testable import AgencyClient
@testable import LotteryProtocol

/// An agency of a simulated lottery, and what it was promised.
protocol SimulatedAgency: AnyObject, Sendable {
  var number: UInt32 { get }
  var lottery: Lottery { get }
  /// Whether it has nothing left to do.
  var isDone: Bool { get }
  /// Those that run.
  var processes: [AgencyProcess] { get }
  func start()
  /// Kills a process, and lets another one go on.
  func restart()
  /// Checks what the files hold of it at the end.
  func check(stored rows: [Bet], total: UInt64?)
}

extension SimulatedAgency {
  fileprivate func fail(_ reason: String) {
    lottery.world.fail("agency \(number): \(reason)")
  }
}

/// One process of an agency, from its start to its end.
final class AgencyProcess: @unchecked Sendable {
  private let queue: WorkQueue
  private unowned let lottery: Lottery
  private var connection: Connection?
  private var isKilled = false

  init(in lottery: Lottery) {
    queue = lottery.world.queue(of: .agencies)
    self.lottery = lottery
  }

  func start(_ body: @escaping @Sendable () async -> Void) {
    Task(executorPreference: queue) { await body() }
  }

  /// Makes one connection after the other until one succeeds, or fails so that no retry can help.
  ///
  /// - Parameter answer: returns what the agency sends after a message; nil at the end.
  /// - Throws: ``AgencyError/cancelled`` if the process is killed.
  func converse<C: Conversation>(
    _ conversation: inout C,
    answer: (inout C, ServerMessage) throws(AgencyError) -> [UInt8]?
  ) async throws(AgencyError) {
    while !isKilled {
      guard let connection = lottery.connect() else {
        await queue.pause()
        continue
      }
      self.connection = connection
      defer { connection.up.close() }
      connection.up.send(conversation.hello())
      do throws(AgencyError) {
        while case let arrived = await connection.down.receive(), !arrived.isEmpty {
          for frame in arrived {
            guard let message = try? ServerMessage(frame: frame.span) else {
              throw .unexpected("\(frame)")
            }
            guard let frames = try answer(&conversation, message) else { return }
            connection.up.send(frames)
          }
        }
      } catch {
        if !error.isTransient { throw error }
      }
    }
    throw .cancelled
  }

  /// The network cuts its connection.
  func cut() { connection?.cut() }

  /// The network carries nothing more to the process, which takes its connection to be broken. The
  /// server still receives what is in flight, and may never notice that the process is gone.
  func isolate() { connection?.down.cut() }

  /// SIGKILL. What it sent may still arrive.
  func kill() {
    isKilled = true
    isolate()
  }
}

/// An agency that sends its bets and asks for its winners. Its process is killed now and then, and
/// another one begins again.
final class LotteryAgency: SimulatedAgency, @unchecked Sendable {
  let number: UInt32
  unowned let lottery: Lottery
  private(set) var isDone = false
  private(set) var processes: [AgencyProcess] = []
  /// Whether a FINISHED was sent.
  private(set) var hasFinished = false

  private let bets: [Bet]
  private let batchSize: Int
  private let window: Int
  /// Bets that the server said it holds, to whichever process.
  private var acknowledged: UInt64 = 0
  /// Bets that were sent, by whichever process.
  private var sent: UInt64 = 0
  private var isConfirmed = false

  init(_ number: UInt32, bets: [Bet], in lottery: Lottery) {
    (self.number, self.bets, self.lottery) = (number, bets, lottery)
    batchSize = lottery.world.random(in: 1..<4)
    window = lottery.world.random(in: 1..<5)
  }

  func start() {
    let process = AgencyProcess(in: lottery)
    processes = [process]
    process.start { await self.run(process) }
  }

  func restart() {
    processes.first?.kill()
    if !isDone { start() }
  }

  private func run(_ process: AgencyProcess) async {
    var conversation = LotteryConversation(agency: number, key: "", window: window)
    var (next, documents) = (0, [String]())
    do throws(AgencyError) {
      try await process.converse(&conversation) { conversation, message throws(AgencyError) in
        check(message)
        if case .winners(_, let some) = message { documents += some }
        switch try conversation.receive(message) {
        case .resume(let stored, _, _): (next, documents) = (Int(stored), [])
        case .over(let winners):
          checkWinners(documents, count: winners)
          return nil
        case .stored, .confirmed, .winners: break
        }
        var frames: [UInt8] = []
        try conversation.appendFrames(to: &frames) { frames in self.batch(&next, to: &frames) }
        hasFinished = hasFinished || !conversation.isSending
        return frames
      }
      isDone = true
    } catch {
      if error != .cancelled { fail("ended: \(error)") }
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
}

/// An agency whose processes send one bet each (exercise 5), now and then two at the same time.
final class BetAgency: SimulatedAgency, @unchecked Sendable {
  let number: UInt32
  unowned let lottery: Lottery
  private(set) var processes: [AgencyProcess] = []

  private let bets: [Bet]
  private var started = 0
  /// How often each bet may be there, once its process has ended.
  private var outcomes: [ClosedRange<Int>?]
  /// Bets that the server said it holds.
  private var acknowledged: UInt64 = 0

  init(_ number: UInt32, bets: [Bet], in lottery: Lottery) {
    (self.number, self.bets, self.lottery) = (number, bets, lottery)
    outcomes = bets.map { _ in nil }
  }

  var isDone: Bool { outcomes.allSatisfy { $0 != nil } }

  func start() {
    // After a failure all ends.
    guard started < bets.count, lottery.world.failure == nil else { return }
    let index = started
    started += 1
    let process = AgencyProcess(in: lottery)
    processes.append(process)
    process.start { await self.run(process, bet: index) }
    if lottery.world.oneIn(4) { start() }
  }

  func restart() { processes.first?.kill() }

  private func run(_ process: AgencyProcess, bet index: Int) async {
    var conversation = BetConversation(bets[index], agency: number, key: "")
    let isAlone = processes.count == 1
    do throws(AgencyError) {
      try await process.converse(&conversation) { conversation, message throws(AgencyError) in
        if case .welcome(_, _, let stored, let lastBet) = message { check(stored, lastBet) }
        guard case .send(let frame) = try conversation.receive(message) else { return nil }
        return frame
      }
      outcomes[index] = 1...1
    } catch {
      switch error {
      case .cancelled: break
      // Another process has taken its place.
      case .refused(.superseded, _), .overtaken: if isAlone { fail("ended alone: \(error)") }
      default: fail("ended: \(error)")
      }
      outcomes[index] = conversation.isInDoubt ? 0...1 : 0...0
    }
    processes.removeAll { $0 === process }
    if processes.isEmpty { start() }
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
      let times = rows.count { $0 == bet }
      if let outcome, !outcome.contains(times) {
        fail("bet \(bet.document) is there \(times) times, not \(outcome)")
      }
    }
    if rows.contains(where: { !bets.contains($0) }) { fail("a bet that this agency did not send") }
  }
}
