/// What the command line asks for.
struct Options {
  /// How often each scenario is run.
  var runs = 5
  /// Less data, where that makes a difference in time.
  var isQuick = false
  /// The scenarios to run; all where none is named.
  var names: [String] = []

  static let help = "usage: bench [--runs N] [--quick] [SCENARIO...]"

  init(_ arguments: [String]) throws(BenchError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--quick": isQuick = true
      case "--runs":
        guard let runs = rest.popFirst().flatMap({ Int($0) }), (1...1000).contains(runs) else {
          throw .usage("--runs wants a number from 1 to 1000; \(Self.help)")
        }
        self.runs = runs
      case _ where argument.hasPrefix("-"):
        throw .usage("unknown option \(argument); \(Self.help)")
      default: names.append(argument)
      }
    }
  }
}
