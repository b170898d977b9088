extension Report {
  /// The report as a table for people. What a figure was compared with stands behind it, as the
  /// median, and from the smallest to the largest, of the runs' ratios.
  public var table: String {
    let width = figures.map(\.name.count).max() ?? 0
    var lines = ["\(name): \(title)"]
    lines.append(
      Self.row("", width, ["min", "median", "max"], "", ""))
    for figure in figures {
      let summary = figure.summary
      lines.append(
        Self.row(
          figure.name, width, [summary.min, summary.median, summary.max].map(\.text),
          figure.unit.rawValue, figure.comparisons.map(\.text).joined(separator: "; ")))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func row(
    _ name: String, _ width: Int, _ values: [String], _ unit: String, _ comparison: String
  ) -> String {
    let columns = values.map { value in
      String(repeating: " ", count: max(0, 13 - value.count)) + value
    }
    let row =
      "  " + name.padded(to: width) + columns.joined() + "  " + unit.padded(to: 8) + comparison
    return String(row.reversed().drop { $0 == " " }.reversed())
  }
}

extension Figure.Comparison {
  fileprivate var text: String {
    let summary = Summary(ratios)
    return "\(summary.median.text) x \(reference) (\(summary.min.text) to \(summary.max.text))"
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
