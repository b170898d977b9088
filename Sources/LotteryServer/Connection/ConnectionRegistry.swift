import LotteryProtocol
import Synchronization

/// The connections that are open, so that none is forgotten when the server ends, and no more than
/// there is room for.
final class ConnectionRegistry: Sendable {
  private struct Entry {
    let interruption: Interruption
    let task: Task<Void, Never>
  }

  private struct State {
    var entries: [UInt64: Entry] = [:]
    var ended: Set<UInt64> = []
    var nextNumber: UInt64 = 0
    /// Opens when a connection ends; there while somebody waits for that.
    var room: Latch<Void>?
  }

  private let state = Mutex(State())
  private let limit: Int

  /// A registry of at most `limit` connections.
  init(limit: Int) {
    self.limit = limit
  }

  /// Returns when there is room for one more connection, or the task is cancelled.
  func waitForRoom() async {
    while let room = latchUntilRoom() {
      guard await room.wait() != nil else { return }
    }
  }

  /// Whether there is room for one more connection.
  var hasRoom: Bool { count < limit }

  /// Serves a connection, on its own worker, in a task of its own.
  func start(_ connection: Connection) {
    let number = state.withLock { state in
      state.nextNumber += 1
      return state.nextNumber
    }
    let task = Task(executorPreference: connection.worker) {
      var connection = connection
      await connection.run()
      self.remove(number)
    }
    connection.interruption.attach(task)
    state.withLock { state in
      // The connection may be over before it is noted.
      if state.ended.remove(number) == nil {
        state.entries[number] = Entry(interruption: connection.interruption, task: task)
      }
    }
  }

  /// Connections that are open.
  var count: Int { state.withLock { $0.entries.count } }

  /// Interrupts all connections, and returns when the last of them is closed.
  func endAll(_ reason: ErrorCode) async {
    let entries = state.withLock { Array($0.entries.values) }
    for entry in entries { entry.interruption.interrupt(reason) }
    for entry in entries { await entry.task.value }
  }

  private func latchUntilRoom() -> Latch<Void>? {
    state.withLock { state in
      guard state.entries.count >= limit else { return nil }
      let room = state.room ?? Latch()
      state.room = room
      return room
    }
  }

  private func remove(_ number: UInt64) {
    let room = state.withLock { state in
      if state.entries.removeValue(forKey: number) == nil { state.ended.insert(number) }
      defer { state.room = nil }
      return state.room
    }
    room?.open(())
  }
}
