import LotteryCore
import ProcessSupport
import Synchronization

/// The log lines of batches that were accepted, which graders add up.
enum BatchLogLines {
  /// Logs one line for each batch: how many bets it brought. Those that were stored before are not
  /// counted again.
  ///
  /// - Parameter stored: bets of the agency that are stored now. A batch that ends after them could
  ///   not be stored.
  static func write(_ pending: PendingBets, stored: UInt64, to log: Log) {
    for batch in pending.batches {
      let result = batch.end <= stored ? LogLine.Result.success : .fail
      if result == .success, batch.newBets == 0 {
        log.debug(LogLine("batch_repeated", .success, ["offset": "\(batch.offset)"]))
      } else {
        log.info(.batch(of: batch.newBets, single: batch.single, result))
      }
    }
  }
}

extension LogLine {
  /// The line of a BATCH as exercise 6 has it, or that of a `single` BET as exercise 5 has it.
  fileprivate static func batch(
    of bets: Int, single: BetBatch.Label?, _ result: Result
  ) -> LogLine {
    guard let single else { return LogLine("apuesta_recibida", result, ["cantidad": "\(bets)"]) }
    return LogLine(
      "apuesta_almacenada", result, ["dni": single.document, "numero": "\(single.number)"])
  }
}

/// The log lines of batches that are answered with REJECTED. For each, the exercises' own line
/// comes first, and then one of ours that says why.
///
/// Of many in a row on one connection the first few have lines, and then one line says how many
/// more there were: a peer that sends nothing else must not fill the log. Nor must a peer that
/// reconnects again and again, so all connections together have a budget.
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

  /// Logs or counts a batch of `agency` that `message` rejects, of `bets` bets or a `single` BET.
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
    log.info(.batch(of: bets, single: single, .fail))
    log.info(
      LogLine(
        "reject_batch", .success,
        [
          "agency": "\(agency)", "offset": "\(offset)", "index": "\(index)",
          "code": "\(code.rawValue)", "error": reason,
        ]))
  }

  /// Notes that a batch of `agency` was stored again, or that its connection ends.
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

/// How many rejections of all connections together get lines of their own in a second.
final class RejectionBudget: Sendable {
  /// Rejections a second.
  static let limit = 100

  private struct State {
    var start: ContinuousClock.Instant
    var taken = 0
  }

  private let state: Mutex<State>
  private let now: @Sendable () -> ContinuousClock.Instant

  /// A full budget.
  ///
  /// - Parameter now: the clock.
  init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
    self.now = now
    state = Mutex(State(start: now()))
  }

  /// Takes one from this second's budget, and returns whether one was left.
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
