/// How long an agency tries again.
struct RetryPolicy: Sendable, Equatable {
  /// Give up after that long without progress; zero means one attempt and no retry.
  var limit = Duration.seconds(60)
  /// The first pause.
  var pause = Duration.milliseconds(100)
  /// The longest pause.
  var maxPause = Duration.seconds(5)

  /// How long the only attempt may wait without progress if there is no retry.
  static let singleAttempt = Duration.seconds(5)

  /// How long the agency may wait for the server without progress.
  var waitLimit: Duration { limit == .zero ? Self.singleAttempt : limit }
}
