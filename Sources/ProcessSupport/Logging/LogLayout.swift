/// What stands before the message of a log line. The exercises' graders read these to the letter.
public enum LogLayout: Sendable {
  /// Python's `%(asctime)s %(levelname)-8s %(message)s`, as the course's server has it.
  case python
  /// go-logging's `%{time:2006-01-02 15:04:05} %{level:.5s}     %{message}`, as its client has it.
  case go

  /// The level as it stands between time and message, the blanks around it included.
  func column(for level: LogLevel) -> String {
    switch self {
    case .python:
      " " + level.name + String(repeating: " ", count: 9 - level.name.count)
    case .go:
      " " + level.name.prefix(5) + "     "
    }
  }
}
