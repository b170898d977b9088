import TestSupport

/// The order of all that happens in one simulated lottery.
///
/// Tasks, frames in flight and groups of a commit log are pieces of work on queues. Each step runs
/// the first piece of a queue that the seed picks. So one seed gives one order, and any order can
/// come up that concurrent threads could give.
///
/// Only the thread that plays the lottery touches it, its queues and all that they run: a task
/// runs when its queue is picked, and no lock is needed. All of the simulation's classes rely on
/// that for `@unchecked Sendable`.
final class World: @unchecked Sendable {
  var generator: SeededGenerator
  /// What was picked in all steps so far: equal for two runs of a seed that went the same way.
  private(set) var trace: UInt64 = 0
  private(set) var steps = 0
  /// Why the lottery must not go on: a promise was broken.
  private(set) var failure: String?
  /// What happens besides between two steps: faults.
  var disturb: () -> Void = {}
  /// The queues with work, in the order of their numbers: the order in which work is added may
  /// depend on the hash values of this process.
  private var ready: [WorkQueue] = []
  private var queues = 0

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
  }

  /// Returns a new queue, whose work ends with `owner`.
  func queue(of owner: Owner) -> WorkQueue {
    queues += 1
    return WorkQueue(number: queues, owner: owner, in: self)
  }

  /// Runs one piece of work. False if there is none.
  func step() -> Bool {
    guard !ready.isEmpty else { return false }
    steps += 1
    let index = random(in: 0..<ready.count)
    let queue = ready[index]
    trace = (trace ^ UInt64(queue.number)) &* 0x100_0000_01B3
    queue.runFirst()
    disturb()
    return true
  }

  func drain(_ owner: Owner) {
    while let queue = ready.first(where: { $0.owner == owner }) { queue.runFirst() }
  }

  /// Notes that a promise was broken. Only the first time counts.
  func fail(_ reason: String) {
    failure = failure ?? reason
  }

  func random(in range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }

  func oneIn(_ n: Int) -> Bool { generator.oneIn(n) }

  /// Notes that `queue`, which had no work, has some.
  fileprivate func add(_ queue: WorkQueue) {
    let index = ready.firstIndex { $0.number > queue.number } ?? ready.count
    ready.insert(queue, at: index)
  }

  /// Notes that `queue` has no work any more.
  fileprivate func remove(_ queue: WorkQueue) {
    ready.removeAll { $0 === queue }
  }
}

/// What work belongs to.
enum Owner: Equatable {
  /// The network and the machines, which do not end.
  case world
  /// The agencies' processes.
  case agencies
  /// The server that was started as number `start`.
  case server(start: Int)
}

/// Runs work one piece at a time, in the order in which it was added. As an executor it is the
/// worker of a connection, or of the draw.
final class WorkQueue: TaskExecutor, @unchecked Sendable {
  let number: Int
  let owner: Owner
  private unowned let world: World
  private var work: [() -> Void] = []
  /// Whether a piece of work runs. It may let others run before it ends.
  private var isRunning = false

  fileprivate init(number: Int, owner: Owner, in world: World) {
    self.number = number
    self.owner = owner
    self.world = world
  }

  /// Adds `work` after all that was added before.
  func add(_ work: @escaping () -> Void) {
    self.work.append(work)
    if self.work.count == 1, !isRunning { world.add(self) }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    add { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Lets the calling task, which runs on this queue, go on in a later step.
  func pause() async {
    await withUnsafeContinuation { continuation in
      add { continuation.resume() }
    }
  }

  /// Forgets all work. None of it may be a task's.
  func clear() {
    guard !work.isEmpty else { return }
    work = []
    world.remove(self)
  }

  fileprivate func runFirst() {
    world.remove(self)
    isRunning = true
    work.removeFirst()()
    isRunning = false
    if !work.isEmpty { world.add(self) }
  }
}
