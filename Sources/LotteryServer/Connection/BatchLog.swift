import LotteryProtocol
import ProcessSupport

/// The log lines of stored and refused batches, which graders add up.
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

  /// A line for a batch of `bets` bets that REJECTED answers.
  static func write(_ message: ServerMessage, bets: Int, to log: Log) {
    guard case .rejected(let offset, let index, let code, let reason) = message else { return }
    log.info(
      LogLine(
        "apuesta_recibida", .fail,
        [
          "cantidad": "\(bets)", "offset": "\(offset)", "index": "\(index)",
          "code": "\(code.rawValue)", "error": reason,
        ]))
  }
}
