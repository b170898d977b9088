import Dispatch
import Foundation
import Synchronization
import TestSupport
import Testing

/// Lotteries of the real sessions, store, recovery and draw on one thread, in an order that a seed
/// decides, with a network that cuts, delays and repeats, a disk that fails and loses what was not
/// synced, and servers and agencies that end at any step and start again.
///
/// `SEEDS=` says how many are played, `SEED=` with which they begin.
struct SimulationTests {
  @Test func `whatever happens, every promise is kept`() async {
    let failures = await Simulation.play(Simulation.seeds)
    #expect(failures == [])
  }

  @Test func `a seed replays step by step`() async {
    await Simulation.onThreads(1) {
      let directory = TemporaryDirectory(isInMemory: true)
      for seed in UInt64(0)..<20 {
        let outcomes = (0..<2).map { _ in Lottery(seed: seed, directory: directory.path).play() }
        #expect(outcomes[0] == outcomes[1], "seed \(seed)")
      }
    }
  }
}

/// Many lotteries, on as many threads as there are cores.
enum Simulation {
  /// The seeds that the environment asks for.
  static let seeds: Range<UInt64> = {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["SEED"].flatMap { UInt64($0) }
    let count = environment["SEEDS"].flatMap { UInt64($0) } ?? (first == nil ? 2000 : 1)
    return (first ?? 0)..<(first ?? 0) + count
  }()

  /// Plays the lotteries of `seeds` until one fails, and returns how to play that again.
  static func play(_ seeds: Range<UInt64>) async -> [String] {
    let next = Atomic(seeds.lowerBound)
    let failures = Mutex<[String]>([])
    let steps = Atomic(0)
    let faults = Atomic(0)
    let start = ContinuousClock.now
    await onThreads(ProcessInfo.processInfo.activeProcessorCount) {
      let directory = TemporaryDirectory(isInMemory: true)
      while failures.withLock({ $0.isEmpty }) {
        let seed = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard seed < seeds.upperBound else { return }
        let outcome = Lottery(seed: seed, directory: directory.path).play()
        steps.wrappingAdd(outcome.steps, ordering: .relaxed)
        faults.wrappingAdd(outcome.faults, ordering: .relaxed)
        guard let failure = outcome.failure else { continue }
        failures.withLock { $0.append("SEED=\(seed): \(failure)") }
      }
    }
    let seconds = start.duration(to: .now) / .seconds(1)
    let played = min(next.load(ordering: .relaxed), seeds.upperBound) - seeds.lowerBound
    print(
      """
      simulation: \(played) lotteries from SEED=\(seeds.lowerBound), \
      \(steps.load(ordering: .relaxed)) steps, \(faults.load(ordering: .relaxed)) faults, \
      \(Int(Double(played) / seconds)) lotteries a second
      """)
    return failures.withLock { $0 }
  }

  /// Runs `work` on `count` threads at once. They run no tasks but those of `work`, and are not
  /// those on which other tests run.
  static func onThreads(_ count: Int, _ work: @escaping @Sendable () -> Void) async {
    let running = DispatchGroup()
    for index in 0..<count {
      DispatchQueue(label: "simulation \(index)").async(group: running, execute: work)
    }
    await withCheckedContinuation { continuation in
      running.notify(queue: DispatchQueue(label: "simulated")) { continuation.resume() }
    }
  }
}
