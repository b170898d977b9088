/// What one scenario has measured.
public struct Report: Sendable {
  /// The scenario, in a word.
  public let name: String
  /// What it does, in a line.
  public let title: String
  /// Its figures, in the order in which they were first recorded.
  public private(set) var figures: [Figure] = []

  /// A report without figures.
  public init(name: String, title: String) {
    self.name = name
    self.title = title
  }

  /// Adds a run's value to the figure called `figure`.
  public mutating func record(_ figure: String, _ value: Double, _ unit: Unit) {
    if let index = index(of: figure) {
      figures[index].values.append(value)
    } else {
      figures.append(Figure(name: figure, unit: unit, values: [value]))
    }
  }

  /// Sets a figure against another one, run by run; both must have been recorded in every run.
  public mutating func compare(_ figure: String, with reference: String) {
    guard let index = index(of: figure), let other = self.figure(reference) else {
      preconditionFailure("no \(figure) or no \(reference)")
    }
    let values = figures[index].values
    precondition(values.count == other.values.count, "\(figure) and \(reference) do not match")
    figures[index].comparisons.append(
      Figure.Comparison(reference: reference, ratios: zip(values, other.values).map { $0 / $1 }))
  }

  /// The figure called `name`.
  public func figure(_ name: String) -> Figure? {
    index(of: name).map { figures[$0] }
  }

  private func index(of name: String) -> Int? {
    figures.firstIndex { $0.name == name }
  }
}
