import LotteryCore
import ProcessSupport
import Synchronization

/// The log lines of batches that were taken, which graders add up.
enum BatchLog {
  /// One line for each batch of the group: how many bets it brought, those that were stored before
  /// not being counted again.
  static func write(_ group: BetGroup, stored: Bool, to log: Log) {
    for batch in group.batches {
      if stored, batch.newBets == 0 {
        log.debug(LogLine("batch_repeated", .success, ["offset": "\(batch.offset)"]))
      } else if let bet = batch.single {
        log.info(.bet(document: bet.document, number: bet.number, stored ? .success : .fail))
      } else {
        log.info(.batch(of: batch.newBets, stored ? .success : .fail))
      }
    }
  }
}

extension LogLine {
  /// The line of a BET, to the letter of exercise 5.
  fileprivate static func bet(document: String, number: UInt32, _ result: Result) -> LogLine {
    LogLine("apuesta_almacenada", result, ["dni": document, "numero": "\(number)"])
  }

  /// The line of a BATCH, to the letter of exercise 6.
  fileprivate static func batch(of bets: Int, _ result: Result) -> LogLine {
    LogLine("apuesta_recibida", result, ["cantidad": "\(bets)"])
  }
}

/// The log lines of batches that REJECTED answers. For each the exercises' own line comes first, and
/// then one of ours that says why.
///
/// Of many in a row on one connection the first few have lines, and then one says how many more
/// there were: a peer that sends nothing else must not fill the log. Nor must one that connects again
/// and again: all connections together have a budget.
struct RejectionLog {
  /// Batches in a row that get lines of their own.
  static let linesInARow = 8

  private let log: Log
  private let budget: RejectionBudget
  private var inARow = 0
  private var unloggedBatches = 0
  private var unloggedBets = 0

  /// Rejections for `log`.
  init(log: Log, budget: RejectionBudget) {
    self.log = log
    self.budget = budget
  }

  /// Notes a batch of `agency` that `message` rejects, with `bets` bets, or the `single` one of a BET.
  mutating func add(
    _ message: ServerMessage, of agency: UInt32, bets: Int, single: BetBatch.Label?
  ) {
    guard case .rejected(let offset, let index, let code, let reason) = message else { return }
    inARow += 1
    guard inARow <= Self.linesInARow, budget.take() else {
      unloggedBatches += 1
      unloggedBets += bets
      return
    }
    if let single {
      log.info(.bet(document: single.document, number: single.number, .fail))
    } else {
      log.info(.batch(of: bets, .fail))
    }
    log.info(
      LogLine(
        "reject_batch", .success,
        [
          "agency": "\(agency)", "offset": "\(offset)", "index": "\(index)",
          "code": "\(code.rawValue)", "error": reason,
        ]))
  }

  /// Notes that batches of `agency` are taken again, or that its connection ends.
  mutating func endRun(of agency: UInt32) {
    if unloggedBatches > 0, budget.take() {
      log.info(
        LogLine(
          "reject_batches", .success,
          [
            "agency": "\(agency)", "more_batches": "\(unloggedBatches)",
            "more_bets": "\(unloggedBets)",
          ]))
    }
    (inARow, unloggedBatches, unloggedBets) = (0, 0, 0)
  }
}

/// How many rejections get lines of their own in a second, of all connections of a server together.
final class RejectionBudget: Sendable {
  /// Rejections a second.
  static let limit = 100

  private struct State {
    var start: ContinuousClock.Instant
    var taken = 0
  }

  private let state: Mutex<State>
  private let now: @Sendable () -> ContinuousClock.Instant

  /// A budget that is whole.
  ///
  /// - Parameter now: the clock.
  init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
    self.now = now
    state = Mutex(State(start: now()))
  }

  /// Takes one from what this second has, if anything is left.
  func take() -> Bool {
    let now = now()
    return state.withLock { state in
      if state.start.duration(to: now) >= .seconds(1) { state = State(start: now) }
      guard state.taken < Self.limit else { return false }
      state.taken += 1
      return true
    }
  }
}
