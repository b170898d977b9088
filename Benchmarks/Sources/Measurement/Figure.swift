/// A quantity that was measured several times.
public struct Figure: Sendable {
  /// A figure set against another one that was measured in the same runs.
  public struct Comparison: Sendable {
    /// The name of the other one.
    public let reference: String
    /// What this figure is as a multiple of the other one, run by run.
    public let ratios: [Double]
  }

  /// What was measured.
  public let name: String
  /// What its values are counted in.
  public let unit: Unit
  /// One value a run.
  public internal(set) var values: [Double]
  /// What it was compared with.
  public internal(set) var comparisons: [Comparison] = []

  /// All its values together.
  public var summary: Summary { Summary(values) }
}
