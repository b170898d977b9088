extension Duration {
  /// The whole nanoseconds in it, of which there must not be more than an `Int` counts: 292 years.
  public var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
