import LotteryProtocol

/// Runs each stage of a bet's way alone, over the same bets, and prints how long it took.
enum CodecProgram {
  /// Runs it with `arguments`, without its own name, and returns its exit status.
  static func main(_ arguments: some Collection<String>) -> Int32 {
    let arguments = Array(arguments)
    guard arguments.count == 2 else {
      print("usage: codec AGENCY_FILE BETS_FILE")
      return 64
    }
    do {
      let frames = try Stages.frames(ofFile: arguments[0])
      try measure("read") { try Stages.read(path: arguments[0]) }
      try measure("csv to wire") { try Stages.wire(fromFile: arguments[0]) }
      try measure("wire to csv") { try Stages.csv(fromFrames: frames) }
      try measure("load bets") { try Stages.winners(inStore: arguments[1]) }
      return 0
    } catch {
      print("\(error)")
      return 1
    }
  }

  /// The result is printed, so that no work can be left out.
  private static func measure(_ stage: String, _ work: () throws -> UInt64) rethrows {
    let start = ContinuousClock.now
    let result = try work()
    let seconds = start.duration(to: .now) / .seconds(1)
    print("stage: \(stage) | seconds: \(seconds) | result: \(result)")
  }
}
