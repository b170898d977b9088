/// What several runs of the same measurement come to.
public struct Summary: Hashable, Sendable {
  /// The smallest value.
  public let min: Double
  /// The value in the middle; of an even number of values the mean of the two in the middle.
  public let median: Double
  /// The largest value.
  public let max: Double

  /// Sums up `values`, of which there must be at least one.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "nothing to sum up")
    let sorted = values.sorted()
    min = sorted[0]
    max = sorted[sorted.count - 1]
    median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}
