import LotteryProtocol
import ProcessSupport

/// The log lines of batches that were taken, which graders add up.
enum BatchLog {
  /// One line for each batch of the group: how many bets it brought, those that were stored before
  /// not being counted again.
  static func write(_ group: BetGroup, stored: Bool, to log: Log) {
    for batch in group.batches {
      if stored, batch.newBets == 0 {
        log.debug(LogLine("batch_repeated", .success, ["offset": "\(batch.offset)"]))
      } else if let bet = batch.single {
        let fields = {
          ["dni": bet.document, "numero": "\(bet.number)"] as KeyValuePairs<StaticString, String>
        }
        log.info(LogLine("apuesta_almacenada", stored ? .success : .fail, fields()))
      } else {
        log.info(
          LogLine(
            "apuesta_recibida", stored ? .success : .fail, ["cantidad": "\(batch.newBets)"]))
      }
    }
  }
}

/// The log lines of batches that REJECTED answers: of many in a row on one connection the first few,
/// and then how many more there were. A peer that sends nothing else must not fill the log.
struct RejectionLog {
  /// Batches in a row that get a line of their own.
  static let linesInARow = 8

  private let log: Log
  private var inARow = 0
  private var unloggedBets = 0

  /// Rejections for `log`.
  init(log: Log) {
    self.log = log
  }

  /// Notes a batch of `bets` bets that `message` rejects.
  mutating func add(_ message: ServerMessage, bets: Int) {
    guard case .rejected(let offset, let index, let code, let reason) = message else { return }
    inARow += 1
    guard inARow <= Self.linesInARow else {
      unloggedBets += bets
      return
    }
    log.info(
      LogLine(
        "apuesta_recibida", .fail,
        [
          "cantidad": "\(bets)", "offset": "\(offset)", "index": "\(index)",
          "code": "\(code.rawValue)", "error": reason,
        ]))
  }

  /// Notes that batches of `agency` are taken again, or that its connection ends.
  mutating func endRun(of agency: UInt32) {
    if inARow > Self.linesInARow {
      log.info(
        LogLine(
          "reject_batches", .success,
          [
            "agency": "\(agency)", "more_batches": "\(inARow - Self.linesInARow)",
            "more_bets": "\(unloggedBets)",
          ]))
    }
    (inARow, unloggedBets) = (0, 0)
  }
}
