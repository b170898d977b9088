extension Report {
  /// The report with every value of every run.
  public var json: JSON {
    .object([
      "name": .text(name),
      "title": .text(title),
      "figures": .array(figures.map(\.json)),
    ])
  }
}

extension Figure {
  fileprivate var json: JSON {
    .object([
      "name": .text(name),
      "unit": .text(unit.rawValue),
      "summary": summary.json,
      "values": .array(values.map { .number($0) }),
      "comparisons": .array(comparisons.map(\.json)),
    ])
  }
}

extension Figure.Comparison {
  fileprivate var json: JSON {
    .object([
      "reference": .text(reference),
      "ratio": Summary(ratios).json,
    ])
  }
}

extension Summary {
  fileprivate var json: JSON {
    .object(["min": .number(min), "median": .number(median), "max": .number(max)])
  }
}
