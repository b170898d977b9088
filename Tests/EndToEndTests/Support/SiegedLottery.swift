import Foundation
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

/// The hostile clients of a lottery, and agencies that a test plays among them.
final class Attack: Sendable {
  let port: UInt16
  private let peers = Mutex<[Peer]>([])
  private let tasks = Mutex<[Task<Void, any Error>]>([])

  init(port: UInt16) {
    self.port = port
  }

  /// A connection that stays until the attack ends.
  func connect() throws -> Peer {
    let peer = try Peer(port: port, takesResets: true)
    peers.withLock { $0.append(peer) }
    return peer
  }

  /// Finishes for agency 3, of which that many bets must be stored.
  func finish(stored: UInt64) async throws {
    let agency = try connect()
    try await agency.send(Recorded.hello, Frames.finished(stored))
    #expect(try await agency.receive()?.stored == stored)
    #expect(try await agency.receive() == .confirmed)
  }

  /// Goes on with `work` until the server ends its connection.
  func run(_ work: @escaping @Sendable () async throws -> Void) {
    let task = Task(executorPreference: Worker(label: "flood")) { try await work() }
    tasks.withLock { $0.append(task) }
  }

  fileprivate func end() async {
    // The number of a descriptor must not be another's while a task uses it.
    for task in tasks.withLock({ $0 }) { _ = await task.result }
    for peer in peers.withLock({ $0 }) { peer.close() }
  }
}

/// A lottery of agencies 1 and 2 that goes on while others do what they like.
enum SiegedLottery {
  /// Memory that the server may take at most, in kB: five times what it takes without an attack.
  private static let memoryLimit = 64 * 1024
  private static let rows = (1...2).map { [String].rows(1000, of: $0) }

  /// Holds the lottery, and checks that the attack affects neither agency.
  ///
  /// - Parameters:
  ///   - agencies: how many there are, those that `attack` plays among them: 3 and more.
  ///   - staysConnected: whether the clients stay until the server ends them. Otherwise, they go
  ///     when `attack` returns.
  ///   - attack: returns before agency 2 comes.
  static func hold(
    agencies: Int = 2, _ environment: [String: String] = [:], staysConnected: Bool = false,
    under attack: @Sendable (Attack) async throws -> Void
  ) async throws {
    let lottery = try Lottery(agencies: agencies)
    for (index, rows) in rows.enumerated() { try lottery.write(rows, of: index + 1) }
    let server = try await lottery.startServer(environment)
    let first = try lottery.startAgency(1)
    let running = Attack(port: lottery.port)
    try await onWorker { try await attack(running) }
    if !staysConnected { await running.end() }
    let second = try lottery.startAgency(2)
    for (index, agency) in [first, second].enumerated() {
      #expect(await agency.end() == .exit(0), "agency \(index + 1)")
      #expect(agency.lines.contains { $0.hasSuffix("cant_ganadores: 10") })
      #expect(try lottery.storedRows(of: index + 1) == rows[index])
    }
    if !isSanitized { #expect(try #require(server.peakMemory) < memoryLimit) }
    await server.stop()
    await running.end()
  }
}

/// Runs `body` apart from the threads that all tests share: they are few, and some of the tests
/// hardly ever suspend.
func onWorker(_ body: () async throws -> Void) async throws {
  try await withTaskExecutorPreference(Worker(label: "test"), operation: body)
}

/// Whether a sanitizer, which takes memory of its own, is part of the programs.
var isSanitized: Bool {
  dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}
