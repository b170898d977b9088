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
    let environment = ProcessInfo.processInfo.environment
    let first = environment["SEED"].flatMap { UInt64($0) }
    let count = environment["SEEDS"].flatMap { UInt64($0) } ?? (first == nil ? 2000 : 1)
    let seeds = (first ?? 0)..<(first ?? 0) + count
    let state = Mutex((next: seeds.lowerBound, steps: 0, faults: 0, failures: [String]()))
    let start = ContinuousClock.now
    await onThreads(ProcessInfo.processInfo.activeProcessorCount) {
      let directory = TemporaryDirectory(isInMemory: true)
      // After one that fails none is played.
      while let seed = state.withLock({ state -> UInt64? in
        guard state.failures.isEmpty, state.next < seeds.upperBound else { return nil }
        defer { state.next += 1 }
        return state.next
      }) {
        let outcome = Lottery(seed: seed, directory: directory.path).play()
        state.withLock { state in
          state.steps += outcome.steps
          state.faults += outcome.faults
          if let failure = outcome.failure { state.failures.append("SEED=\(seed): \(failure)") }
        }
      }
    }
    let seconds = start.duration(to: .now) / .seconds(1)
    let total = state.withLock(\.self)
    let played = total.next - seeds.lowerBound
    print(
      """
      simulation: \(played) lotteries from SEED=\(seeds.lowerBound), \
      \(total.steps) steps, \(total.faults) faults, \
      \(Int(Double(played) / seconds)) lotteries a second
      """)
    #expect(total.failures == [])
  }

  @Test func `a seed replays step by step`() async {
    await onThreads(1) {
      let directory = TemporaryDirectory(isInMemory: true)
      for seed in UInt64(0)..<20 {
        let outcomes = (0..<2).map { _ in Lottery(seed: seed, directory: directory.path).play() }
        #expect(outcomes[0] == outcomes[1], "seed \(seed)")
      }
    }
  }

  /// Runs `work` on `count` threads at once. They run no tasks but those of `work`, and are not
  /// those on which other tests run.
  private func onThreads(_ count: Int, _ work: @escaping @Sendable () -> Void) async {
    let running = DispatchGroup()
    for index in 0..<count {
      DispatchQueue(label: "simulation \(index)").async(group: running, execute: work)
    }
    await withCheckedContinuation { continuation in
      running.notify(queue: DispatchQueue(label: "simulated")) { continuation.resume() }
    }
  }
}
