import Glibc
import LotteryCore
import ProcessSupport

/// One line on standard error that tells how far an agency is, redrawn in place, for a person who
/// watches a terminal. Elsewhere it does nothing: the log tells the rest.
struct Progress {
  private let isVisible: Bool
  private let fileSize: Int
  private let start = ContinuousClock.now
  private var sent: UInt64 = 0
  private var nextDraw = ContinuousClock.now

  /// Ten times a second is enough for the eye.
  private static let interval = Duration.milliseconds(100)

  /// The progress through a file of `fileSize` bytes.
  ///
  /// - Parameter isVisible: whether somebody watches; by default, whether standard error is a
  ///   terminal.
  init(fileSize: Int, isVisible: Bool = isatty(STDERR_FILENO) == 1) {
    self.fileSize = fileSize
    self.isVisible = isVisible
  }

  /// Notes that `count` more bets are stored, `position` being how far the file has been read.
  mutating func note(_ count: Int, position: Int, inFlight: Int) {
    sent += UInt64(count)
    guard isVisible, nextDraw <= .now else { return }
    nextDraw = .now + Self.interval
    draw(
      Self.text(
        bets: sent, position: position, fileSize: fileSize, inFlight: inFlight,
        elapsed: start.duration(to: .now)))
  }

  /// Takes the line away.
  func clear() {
    if isVisible { draw("") }
  }

  /// What the line says.
  static func text(
    bets: UInt64, position: Int, fileSize: Int, inFlight: Int, elapsed: Duration
  ) -> String {
    let seconds = elapsed / .seconds(1)
    let rate = seconds > 0 ? UInt64(Double(bets) / seconds) : 0
    let share = fileSize > 0 ? min(1, Double(position) / Double(fileSize)) : 1
    let left = share > 0 ? Int((seconds / share * (1 - share)).rounded(.up)) : 0
    return "\(bets) bets, \(Int(share * 100)) %, \(rate) bets/s, \(left) s left, "
      + "\(inFlight) batches in flight"
  }

  private func draw(_ text: String) {
    // To the front of the line, and away with what stood there (ECMA-48, CR and EL).
    var line = "\r\u{1B}[K" + text
    _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
