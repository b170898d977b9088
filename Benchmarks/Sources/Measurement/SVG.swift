/// A drawing in SVG, made of lines, rectangles, dots and texts; coordinates in pixels from the top
/// left.
struct SVG {
  /// Where a text stands in relation to its point.
  enum Anchor: String {
    case start
    case middle
    case end
  }

  static let ink = "#24292f"
  static let faint = "#d0d7de"
  static let colors = ["#0969da", "#bf8700", "#8250df", "#1a7f37"]

  private let width: Double
  private let height: Double
  private var elements: [String] = []

  /// An empty drawing on white, so that it can be read on any page.
  init(width: Double, height: Double) {
    self.width = width
    self.height = height
    rectangle(x: 0, y: 0, width: width, height: height, color: "#ffffff")
  }

  mutating func rectangle(x: Double, y: Double, width: Double, height: Double, color: String) {
    let place = "x=\"\(x.pixels)\" y=\"\(y.pixels)\""
    let size = "width=\"\(width.pixels)\" height=\"\(height.pixels)\""
    elements.append("<rect \(place) \(size) fill=\"\(color)\"/>")
  }

  mutating func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), color: String,
    width: Double = 1
  ) {
    let from = "x1=\"\(start.x.pixels)\" y1=\"\(start.y.pixels)\""
    let to = "x2=\"\(end.x.pixels)\" y2=\"\(end.y.pixels)\""
    elements.append("<line \(from) \(to) stroke=\"\(color)\" stroke-width=\"\(width.pixels)\"/>")
  }

  mutating func dot(x: Double, y: Double, color: String) {
    elements.append("<circle cx=\"\(x.pixels)\" cy=\"\(y.pixels)\" r=\"4\" fill=\"\(color)\"/>")
  }

  mutating func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, size: Int = 13,
    isBold: Bool = false
  ) {
    let place = "x=\"\(x.pixels)\" y=\"\(y.pixels)\" text-anchor=\"\(anchor.rawValue)\""
    let weight = isBold ? " font-weight=\"bold\"" : ""
    elements.append(
      "<text \(place) font-size=\"\(size)\"\(weight) fill=\"\(Self.ink)\">"
        + Self.escaped(text) + "</text>")
  }

  /// The file's text.
  var description: String {
    let size = "width=\"\(width.pixels)\" height=\"\(height.pixels)\""
    let box = "viewBox=\"0 0 \(width.pixels) \(height.pixels)\""
    return """
      <svg xmlns="http://www.w3.org/2000/svg" \(size) \(box) font-family="sans-serif">
      \(elements.joined(separator: "\n"))
      </svg>

      """
  }

  private static func escaped(_ text: String) -> String {
    var output = ""
    for character in text {
      switch character {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      default: output.append(character)
      }
    }
    return output
  }
}

extension Double {
  /// A coordinate, to the tenth of a pixel.
  fileprivate var pixels: String { "\((self * 10).rounded() / 10)" }
}
