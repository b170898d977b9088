extension Duration {
  /// The whole nanoseconds in it. The duration must be at most 292 years.
  public var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
