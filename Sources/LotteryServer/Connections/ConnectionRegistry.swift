import Glibc
import LotteryCore
import LotteryProtocol
import Synchronization

/// The connections that are open: no more than the limits allow, and each is waited for when the
/// server ends.
final class ConnectionRegistry: Sendable {
  private struct State {
    /// The open connections, by number.
    var handles: [UInt64: ConnectionHandle] = [:]
    /// How many of them each address has. No entry is 0.
    var perAddress: [String: Int] = [:]
    var nextNumber: UInt64 = 0
    /// Fulfilled when a connection ends. Not nil while the server waits for that.
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
  var count: Int { state.withLock { $0.handles.count } }

  /// Whether there is room for one more connection.
  var hasRoom: Bool { count < limit }

  /// Returns when there is room for one more connection, or the task is cancelled.
  func waitForRoom() async {
    while let room = promiseOfRoom() {
      guard await room.wait() != nil else { return }
    }
  }

  /// Serves a connection, on its own worker, in a task of its own.
  ///
  /// - Returns: whether it does. If not, the peer's address has too many connections already.
  func start(_ connection: Connection) -> Bool {
    let address = connection.channel.peer?.ip ?? ""
    guard let number = add(connection.handle, of: address) else { return false }
    let task = Task(executorPreference: connection.worker) {
      var connection = connection
      await connection.run()
      self.remove(number, of: address)
    }
    connection.handle.attach(task)
    return true
  }

  /// Interrupts the connections whose peer has owed a message for too long, or has vanished.
  func endOverdue(at now: ContinuousClock.Instant) {
    for handle in handles { handle.interruptIfDue(at: now) }
  }

  /// Interrupts all connections, and returns when the last of them is closed. No connection may be
  /// started afterwards.
  func endAll(_ reason: ErrorCode) async {
    let handles = handles
    for handle in handles { handle.interrupt(.error(reason)) }
    for handle in handles { await handle.end() }
  }

  private var handles: [ConnectionHandle] { state.withLock { Array($0.handles.values) } }

  private func add(_ handle: ConnectionHandle, of address: String) -> UInt64? {
    state.withLock { state in
      guard state.perAddress[address, default: 0] < limitPerAddress else { return nil }
      state.perAddress[address, default: 0] += 1
      state.nextNumber += 1
      state.handles[state.nextNumber] = handle
      return state.nextNumber
    }
  }

  private func remove(_ number: UInt64, of address: String) {
    let room = state.withLock { state in
      state.handles[number] = nil
      let left = state.perAddress[address, default: 1] - 1
      state.perAddress[address] = left > 0 ? left : nil
      defer { state.room = nil }
      return state.room
    }
    room?.fulfill(())
  }

  private func promiseOfRoom() -> Promise<Void>? {
    state.withLock { state in
      guard state.handles.count >= limit else { return nil }
      let room = state.room ?? Promise()
      state.room = room
      return room
    }
  }
}

/// How many connections this process has descriptors for.
enum ConnectionLimit {
  /// Descriptors that are kept for other things: files, the listener, timers, the log, and what
  /// Dispatch opens from time to time.
  static let reserve = 64

  /// Raises the limit of descriptors as far as this process may (setrlimit(2)). The limit that a
  /// process begins with is often far lower.
  static func raise() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(resource, &limit)
  }

  /// Returns for how many connections there are descriptors (getrlimit(2)), at least one.
  ///
  /// The server must not find out by running into the limit: without a descriptor Dispatch's timers
  /// never fire, and once a second it opens files of `/proc` and ends the process if it cannot.
  static func ofProcess() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1 }
    return max(1, Int(clamping: limit.rlim_cur) - reserve)
  }
}
