import BenchmarkData
import Glibc
import LotteryProtocol

/// Plays many agencies in one process, all at once, each with a connection of its own and all with
/// the same bets, and prints how long that took.
enum CrowdProgram {
  /// Runs it with `arguments`, without its own name, and returns its exit status.
  static func main(_ arguments: some Collection<String>) async -> Int32 {
    let numbers = arguments.prefix(3).compactMap { Int($0) }
    guard arguments.count == 4, numbers.count == 3, let port = numbers.first,
      let file = arguments.dropFirst(3).first,
      let server = Endpoint("127.0.0.1:\(port)")
    else {
      print("usage: agency-crowd PORT AGENCIES WINDOW FILE")
      return 64
    }
    do {
      let bets = try PreparedBets(path: file)
      let start = ContinuousClock.now
      try await play(agencies: numbers[1], bets: bets, server: server, window: numbers[2])
      print("seconds: \(start.duration(to: .now) / .seconds(1))")
      return 0
    } catch {
      print("\(error)")
      return 1
    }
  }

  private static func play(
    agencies: Int, bets: PreparedBets, server: Endpoint, window: Int
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for id in 1...agencies {
        let worker = Worker(label: "agency \(id)")
        let agency = PlayedAgency(id: UInt32(id), server: server, window: window)
        group.addTask(executorPreference: worker) { try await agency.play(bets, worker: worker) }
      }
      try await group.waitForAll()
    }
  }
}
