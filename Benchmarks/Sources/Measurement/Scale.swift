/// An axis from 0 with round ticks.
struct Scale: Equatable {
  /// Where the axis ends.
  let end: Double
  /// What is marked on it, both ends included.
  let ticks: [Double]

  /// An axis that reaches `largest`, with three to six intervals of 1, 2 or 5 times a power of ten.
  init(covering largest: Double) {
    var unit = 1.0
    while unit * 10 < largest { unit *= 10 }
    while unit > largest, largest > 0 { unit /= 10 }
    let step = [0.2, 0.5, 1, 2].map { $0 * unit }.first { $0 * 6 >= largest } ?? 2 * unit
    let count = max(1, Int((largest / step).rounded(.up)))
    ticks = (0...count).map { Double($0) * step }
    end = Double(count) * step
  }

  /// A tick for people.
  static func label(_ tick: Double) -> String {
    tick == tick.rounded() ? tick.fixed(decimals: 0) : tick.fixed(decimals: 2)
  }
}
