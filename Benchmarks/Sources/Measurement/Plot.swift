/// A plot of figures of one unit: the medians, and from the smallest to the largest value of the
/// runs a thin line.
public struct Plot: Sendable {
  /// How the figures are drawn.
  public enum Style: Sendable {
    case bars
    /// Dots joined by a line, for figures that come in a sequence.
    case line
  }

  private let title: String
  private let style: Style
  private let items: [(label: String, figure: Figure)]

  private static let width = 640.0
  private static let height = 360.0
  private static let left = 84.0
  private static let right = 620.0
  private static let top = 56.0
  private static let bottom = 292.0

  /// A plot of `items`, at least one, each over its label, which goes on in a new line behind a
  /// comma.
  public init(_ title: String, _ style: Style, _ items: [(label: String, figure: Figure)]) {
    precondition(!items.isEmpty, "nothing to plot")
    self.title = title
    self.style = style
    self.items = items
  }

  /// The plot as an SVG file.
  public var svg: String {
    let scale = Scale(covering: items.map(\.figure.summary.max).max() ?? 0)
    var drawing = SVG(width: Self.width, height: Self.height)
    drawing.text(title, x: Self.left, y: 28, size: 15, isBold: true)
    drawAxis(scale, in: &drawing)
    if style == .line { drawLine(scale, in: &drawing) }
    for (index, item) in items.enumerated() { draw(item, at: index, scale, in: &drawing) }
    return drawing.description
  }

  private func drawAxis(_ scale: Scale, in drawing: inout SVG) {
    for tick in scale.ticks {
      let y = y(of: tick, scale)
      drawing.line(from: (Self.left, y), to: (Self.right, y), color: SVG.faint)
      drawing.text(Scale.label(tick), x: Self.left - 8, y: y + 4, anchor: .end)
    }
    drawing.text(items[0].figure.unit.rawValue, x: Self.left - 8, y: 48, anchor: .end)
  }

  private func drawLine(_ scale: Scale, in drawing: inout SVG) {
    let points = items.enumerated().map { index, item in
      (x: x(of: index), y: y(of: item.figure.summary.median, scale))
    }
    for (start, end) in zip(points, points.dropFirst()) {
      drawing.line(from: start, to: end, color: SVG.colors[0], width: 2)
    }
  }

  private func draw(
    _ item: (label: String, figure: Figure), at index: Int, _ scale: Scale, in drawing: inout SVG
  ) {
    let summary = item.figure.summary
    let x = x(of: index)
    let y = y(of: summary.median, scale)
    switch style {
    case .bars:
      let color = SVG.colors[index % SVG.colors.count]
      let width = 0.5 * step
      drawing.rectangle(
        x: x - width / 2, y: y, width: width, height: Self.bottom - y, color: color)
    case .line:
      drawing.dot(x: x, y: y, color: SVG.colors[0])
    }
    drawing.line(
      from: (x, self.y(of: summary.min, scale)), to: (x, self.y(of: summary.max, scale)),
      color: SVG.ink)
    let labelY = self.y(of: summary.max, scale) - 8
    drawing.text(summary.median.text, x: x, y: labelY, anchor: .middle, isBold: true)
    for (line, text) in item.label.split(separator: ", ").enumerated() {
      let y = Self.bottom + 20 + 16 * Double(line)
      drawing.text(String(text), x: x, y: y, anchor: .middle)
    }
  }

  private var step: Double { (Self.right - Self.left) / Double(items.count) }

  private func x(of index: Int) -> Double {
    Self.left + (Double(index) + 0.5) * step
  }

  private func y(of value: Double, _ scale: Scale) -> Double {
    Self.bottom - value / scale.end * (Self.bottom - Self.top)
  }
}
