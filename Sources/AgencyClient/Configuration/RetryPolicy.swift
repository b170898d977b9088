/// How long an agency tries again.
struct RetryPolicy: Sendable, Equatable {
  /// Give up when nothing went well for that long.
  var limit = Duration.seconds(60)
  /// The first pause.
  var pause = Duration.milliseconds(100)
  /// The longest pause.
  var maxPause = Duration.seconds(5)
}
