import Glibc
import LotteryProtocol
import ProcessSupport

/// A progress line on standard error, redrawn in place. It does nothing unless standard error is a
/// terminal.
struct Progress {
  private let isVisible: Bool
  private let fileSize: Int
  private let start = ContinuousClock.now
  private var sent: UInt64 = 0
  private var nextDraw = ContinuousClock.now

  /// The shortest time between two updates.
  private static let interval = Duration.milliseconds(100)

  /// The progress through a file of `fileSize` bytes.
  ///
  /// - Parameter isVisible: whether to draw the line.
  init(fileSize: Int, isVisible: Bool = isatty(STDERR_FILENO) == 1) {
    self.fileSize = fileSize
    self.isVisible = isVisible
  }

  /// Notes that `count` more bets are stored, and that the file is read up to `position`.
  mutating func note(_ count: Int, position: Int, inFlight: Int) {
    sent += UInt64(count)
    guard isVisible, nextDraw <= .now else { return }
    nextDraw = .now + Self.interval
    draw(
      Self.text(
        bets: sent, position: position, fileSize: fileSize, inFlight: inFlight,
        elapsed: start.duration(to: .now)))
  }

  func clear() {
    if isVisible { draw("") }
  }

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
    let output = Output(descriptor: STDERR_FILENO)
    // A terminal that takes nothing (Ctrl-S) must not stop the agency.
    guard output.waits(atMost: .zero) else { return }
    // Return to the beginning of the line and erase it (ECMA-48, CR and EL).
    _ = try? output.write(Array("\r\u{1B}[K\(text)".utf8).span)
  }
}
