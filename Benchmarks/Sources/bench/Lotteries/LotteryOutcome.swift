/// What it took to get all bets of all agencies into one file.
struct LotteryOutcome {
  /// From the start of the first agency to the end of the last.
  var seconds: Double
  var server: ProcessCost
  var agencies: [ProcessCost]

  var milliseconds: Double { seconds * 1000 }
  /// CPU seconds of all agencies.
  var agenciesCPUSeconds: Double { agencies.reduce(0) { $0 + $1.cpuSeconds } }
  /// Of the agency that needed most.
  var agencyPeakMemory: Double { agencies.map(\.peakMemory).max() ?? 0 }
}
