/// How long to wait before trying again: longer each time, and never quite the same, so that
/// agencies that lost their server together do not all come back together.
struct Backoff {
  private let first: Duration
  private let longest: Duration
  private var next: Duration

  /// Pauses that begin at `first` and double up to `longest`.
  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = max(first, longest)
    next = first
  }

  /// The next pause: half of it fixed, half drawn by lot.
  mutating func pause(using generator: inout some RandomNumberGenerator) -> Duration {
    defer { next = min(next * 2, longest) }
    return next * Double.random(in: 0.5...1, using: &generator)
  }

  /// Begins again because something went well.
  mutating func reset() {
    next = first
  }
}
