import ProcessSupport

extension Log {
  /// A log of nothing.
  static var discarding: Log { Log(layout: .go, level: .critical) }
}
