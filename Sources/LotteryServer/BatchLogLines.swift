import LotteryProtocol
import ProcessSupport

/// The log lines of batches, which graders add up.
enum BatchLogLines {
  /// Logs one line for each batch that was accepted: how many bets it brought. Those that were
  /// stored before are not counted again.
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

  /// Logs a batch of `agency` that `message` rejects, of `bets` bets or a `single` BET: first the
  /// exercises' own line, and then one of ours that says why.
  static func write(
    _ message: ServerMessage, of agency: UInt32, bets: Int, single: BetBatch.Label?, to log: Log
  ) {
    guard case .rejected(let offset, let index, let code, let reason) = message else { return }
    log.info(.batch(of: bets, single: single, .fail))
    log.info(
      LogLine(
        "reject_batch", .success,
        [
          "agency": "\(agency)", "offset": "\(offset)", "index": "\(index)",
          "code": "\(code.rawValue)", "error": reason,
        ]))
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
