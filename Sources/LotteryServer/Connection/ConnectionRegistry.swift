import LotteryProtocol
import LotteryCore
import Synchronization

/// The connections that are open, so that none is forgotten when the server ends, and no more than
/// there is room for.
final class ConnectionRegistry: Sendable {
  private struct State {
    var interruptions: [UInt64: Interruption] = [:]
    var perAddress: [String: Int] = [:]
    var nextNumber: UInt64 = 0
    /// Opens when a connection ends; there while somebody waits for that.
    var room: Promise<Void>?
  }

  private let state = Mutex(State())
  private let limit: Int
  private let limitPerAddress: Int

  /// A registry of at most `limit` connections, `limitPerAddress` of them from one address.
  init(limit: Int, limitPerAddress: Int) {
    self.limit = limit
    self.limitPerAddress = limitPerAddress
  }

  /// Connections that are open.
  var count: Int { state.withLock { $0.interruptions.count } }

  /// Whether there is room for one more connection.
  var hasRoom: Bool { count < limit }

  /// Returns when there is room for one more connection, or the task is cancelled.
  func waitForRoom() async {
    while let room = latchUntilRoom() {
      guard await room.wait() != nil else { return }
    }
  }

  /// Serves a connection, on its own worker, in a task of its own.
  ///
  /// - Returns: whether it does; not where the peer's address has too many already.
  func start(_ connection: Connection) -> Bool {
    let address = connection.channel.peer?.ip ?? ""
    guard let number = add(connection.interruption, of: address) else { return false }
    let task = Task(executorPreference: connection.worker) {
      var connection = connection
      await connection.run()
      self.remove(number, of: address)
    }
    connection.interruption.attach(task)
    return true
  }

  /// Interrupts the connections whose peer has owed a message for too long, or has vanished.
  func endOverdue(at now: ContinuousClock.Instant) {
    let interruptions = state.withLock { Array($0.interruptions.values) }
    for interruption in interruptions { interruption.interruptIfDue(at: now) }
  }

  /// Interrupts all connections, and returns when the last of them is closed. None may be started
  /// any more.
  func endAll(_ reason: ErrorCode) async {
    let interruptions = state.withLock { Array($0.interruptions.values) }
    for interruption in interruptions { interruption.interrupt(.error(reason)) }
    for interruption in interruptions { await interruption.end() }
  }

  private func add(_ interruption: Interruption, of address: String) -> UInt64? {
    state.withLock { state in
      guard state.perAddress[address, default: 0] < limitPerAddress else { return nil }
      state.perAddress[address, default: 0] += 1
      state.nextNumber += 1
      state.interruptions[state.nextNumber] = interruption
      return state.nextNumber
    }
  }

  private func remove(_ number: UInt64, of address: String) {
    let room = state.withLock { state in
      state.interruptions[number] = nil
      let left = state.perAddress[address, default: 1] - 1
      state.perAddress[address] = left > 0 ? left : nil
      defer { state.room = nil }
      return state.room
    }
    room?.fulfill(())
  }

  private func latchUntilRoom() -> Promise<Void>? {
    state.withLock { state in
      guard state.interruptions.count >= limit else { return nil }
      let room = state.room ?? Promise()
      state.room = room
      return room
    }
  }
}
