/// What a figure is counted in.
public enum Unit: String, Sendable {
  case milliseconds = "ms"
  case seconds = "s"
  case betsPerSecond = "bets/s"
  /// Millions of bytes.
  case megabytes = "MB"
  /// Thousands of millions of bytes.
  case gigabytesPerSecond = "GB/s"
  case threads = "threads"
}
