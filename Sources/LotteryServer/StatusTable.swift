import LotteryProtocol
import ProcessSupport

extension LotteryStatus {
  /// What `--status` prints. The last line tells whether the draw has been held.
  var table: String {
    (rows + [disk, summary]).joined(separator: "\n")
  }

  /// The number of stored bets of all agencies.
  var bets: UInt64 { seen.reduce(0) { $0 &+ $1.stored } }

  /// The number of agencies that take part and have finished.
  var finished: Int { seen.count { $0.hasFinished && $0.number <= agencies } }

  /// A row for each agency that has connected, and one for each range of agencies that take part
  /// and have not.
  private var rows: [String] {
    var lines = [Self.row("agency", "bets", "finished", "connected")]
    var nextAgency: UInt64 = 1
    for agency in seen {
      lines += absentRow(from: nextAgency, to: UInt64(agency.number))
      lines.append(
        Self.row(
          "\(agency.number)", "\(agency.stored)", agency.hasFinished.answer,
          agency.isConnected.answer))
      nextAgency = UInt64(agency.number) + 1
    }
    return lines + absentRow(from: nextAgency, to: .max)
  }

  /// How long the server has waited for the disk.
  private var disk: String {
    "syncs: \(syncs.count), mean: \(syncs.mean.goText), longest: \(syncs.longest.goText)"
  }

  /// The totals, in one line.
  private var summary: String {
    "bets: \(bets), finished: \(finished) of \(agencies), connections: \(connections), "
      + "draw: \(isDrawn ? "held" : "not held")"
  }

  private func absentRow(from first: UInt64, to next: UInt64) -> [String] {
    guard first < next, first <= agencies else { return [] }
    let last = min(next - 1, UInt64(agencies))
    return [Self.row(first == last ? "\(first)" : "\(first)-\(last)", "0", "no", "no")]
  }

  private static func row(
    _ agency: String, _ bets: String, _ finished: String, _ connected: String
  ) -> String {
    "\(padded(agency, 10))  \(padded(bets, 12))  \(padded(finished, 8))  \(padded(connected, 9))"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

extension Bool {
  /// `yes` or `no`.
  var answer: String { self ? "yes" : "no" }
}
