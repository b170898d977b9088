import Glibc
import LotteryProtocol
import ProcessSupport
import Synchronization

/// The connections that are open: no more than the limits allow, and each is waited for when the
/// server ends.
///
/// Anybody can connect and say nothing. So if there is no room for a new connection, an open one
/// that speaks for no agency is closed, and never one that speaks for an agency.
///
/// - If the server has no room, the address with the most silent connections loses its oldest one,
///   but not before that is ``patience`` old. So an agency that has just connected has time to send
///   HELLO.
/// - If the address of the new connection has no room, the address loses its oldest silent
///   connection at once.
final class ConnectionRegistry: Sendable {
  private struct Entry {
    let handle: Connection.Handle
    let address: String
    let since = ContinuousClock.now
    /// Whether it was asked to make room.
    var leaves = false
  }

  private struct Address {
    var count = 0
    /// The connections that speak for no agency, and were not asked to make room, the oldest first.
    var silent: [UInt64] = []

    /// Adds a connection, or removes it. The numbers ascend: there may be thousands.
    mutating func note(_ number: UInt64, isSilent: Bool) {
      var (low, high) = (silent.startIndex, silent.endIndex)
      while low < high {
        let middle = (low + high) / 2
        if silent[middle] < number { low = middle + 1 } else { high = middle }
      }
      let wasSilent = low < silent.endIndex && silent[low] == number
      if isSilent, !wasSilent { silent.insert(number, at: low) }
      if !isSilent, wasSilent { silent.remove(at: low) }
    }
  }

  private struct State {
    /// The open connections, by number: the place in the order in which they were accepted.
    var entries: [UInt64: Entry] = [:]
    private(set) var addresses: [String: Address] = [:]
    /// At index i, the addresses with i + 1 connections in ``Address/silent``. The last set is
    /// never empty, so an address with the most of them is found without a search.
    private var crowds: [Set<String>] = []
    /// How many were asked to make room and are still open.
    var leaving = 0
    var lastNumber: UInt64 = 0
    /// Fulfilled when a connection ends. Not nil while the server waits for that.
    var room: Promise<Void>?

    /// The oldest connection that speaks for no agency, of an address that holds most of them.
    var oldestOfCrowd: Entry? {
      crowds.last?.first.flatMap { addresses[$0]?.silent.first }.flatMap { entries[$0] }
    }

    mutating func change(_ name: String, _ change: (inout Address) -> Void) {
      var address = addresses.removeValue(forKey: name) ?? Address()
      let before = address.silent.count
      change(&address)
      if address.count > 0 { addresses[name] = address }
      let after = address.silent.count
      guard before != after else { return }
      if before > 0 { crowds[before - 1].remove(name) }
      while crowds.count < after { crowds.append([]) }
      if after > 0 { crowds[after - 1].insert(name) }
      while crowds.last?.isEmpty == true { crowds.removeLast() }
    }

    /// Asks the oldest connection of `address` that speaks for no agency to make room.
    mutating func evict(from address: String) -> Connection.Handle? {
      guard let number = addresses[address]?.silent.first else { return nil }
      change(address) { $0.silent.removeFirst() }
      entries[number]?.leaves = true
      leaving += 1
      return entries[number]?.handle
    }
  }

  private let state = Mutex(State())
  private let limit: Int
  private let limitPerAddress: Int

  /// How long a connection may say nothing, at least, while others wait for its place.
  static let patience = Duration.milliseconds(100)

  /// - Parameter limitPerAddress: the most connections from one address.
  init(limit: Int, limitPerAddress: Int) {
    self.limit = limit
    self.limitPerAddress = limitPerAddress
  }

  var count: Int { state.withLock { $0.entries.count } }

  /// Returns when there is room for one more connection, or the task is cancelled. `onWait` is
  /// called if none can make room.
  func makeRoom(onWait: @escaping @Sendable () -> Void) async {
    while let (room, act) = nextStep(onWait) {
      act()
      guard await room.wait() != nil else { return }
    }
  }

  /// What is to be done before the wait for room, or nil if there is room.
  private func nextStep(
    _ onWait: @escaping @Sendable () -> Void
  ) -> (room: Promise<Void>, act: @Sendable () -> Void)? {
    state.withLock { state in
      guard state.entries.count >= limit else { return nil }
      let room = state.room ?? Promise()
      state.room = room
      if state.leaving > 0 { return (room, {}) }
      guard let oldest = state.oldestOfCrowd else { return (room, onWait) }
      let rest = ContinuousClock.now.duration(to: oldest.since + Self.patience)
      if rest > .zero { return (room, { Timers.after(rest) { self.endWait(for: room) } }) }
      let evicted = state.evict(from: oldest.address)
      return (room, { evicted?.interrupt(.noRoom) })
    }
  }

  /// Ends a wait for `room`, whether there is any or not.
  private func endWait(for room: Promise<Void>) {
    state.withLock { if $0.room === room { $0.room = nil } }
    room.fulfill(())
  }

  /// Serves a connection, on its own worker, in a task of its own.
  ///
  /// - Returns: whether it does. If not, the peer's address has too many that speak for agencies.
  func start(
    _ handle: Connection.Handle, _ serve: @escaping @Sendable (_ number: UInt64) async -> Void
  ) -> Bool {
    let address = handle.peer?.ip ?? ""
    let (number, evicted) = state.withLock { state -> (UInt64?, Connection.Handle?) in
      var evicted: Connection.Handle?
      if state.addresses[address]?.count ?? 0 >= limitPerAddress {
        evicted = state.evict(from: address)
        if evicted == nil { return (nil, nil) }
      }
      state.lastNumber += 1
      let number = state.lastNumber
      state.entries[number] = Entry(handle: handle, address: address)
      state.change(address) {
        $0.count += 1
        $0.silent.append(number)
      }
      return (number, evicted)
    }
    evicted?.interrupt(.noRoom)
    guard let number else { return false }
    handle.run {
      await serve(number)
      self.remove(number)
    }
    return true
  }

  /// Notes whether a connection speaks for an agency. If so, it stays, even if it was asked to make
  /// room before its HELLO was read.
  func mark(_ number: UInt64, speaks: Bool) {
    let (handle, room) = state.withLock { state -> (Connection.Handle?, Promise<Void>?) in
      guard let entry = state.entries[number], speaks || !entry.leaves else { return (nil, nil) }
      if entry.leaves {
        state.entries[number]?.leaves = false
        state.leaving -= 1
      }
      state.change(entry.address) { $0.note(number, isSilent: !speaks) }
      return (entry.handle, entry.leaves ? state.room : nil)
    }
    handle?.keepsPlace(speaks)
    if let room { endWait(for: room) }
  }

  /// Interrupts all connections, and returns when the last of them is closed. No connection may be
  /// started afterwards.
  func endAll() async {
    let handles = state.withLock { $0.entries.values.map(\.handle) }
    for handle in handles { handle.interrupt(.shuttingDown) }
    for handle in handles { await handle.ended() }
  }

  private func remove(_ number: UInt64) {
    let room = state.withLock { state in
      guard let entry = state.entries.removeValue(forKey: number) else { return state.room }
      if entry.leaves { state.leaving -= 1 }
      state.change(entry.address) {
        $0.count -= 1
        $0.note(number, isSilent: false)
      }
      return state.room
    }
    if let room { endWait(for: room) }
    // Not each of them has a line in the log.
    OrderlyEnd.noteStep()
  }
}

/// How many connections this process has descriptors for.
enum ConnectionLimit {
  /// Descriptors that are kept for other things: files, the listener, timers, the log, and what
  /// Dispatch opens from time to time.
  static let reserve = 64

  /// Raises the limit of descriptors as far as this process may: the one that a process begins with
  /// is often far lower. Returns for how many connections there are descriptors (setrlimit(2)), at
  /// least one.
  ///
  /// The server must not find out by running into the limit: without a descriptor Dispatch's timers
  /// never fire, and once a second it opens files of `/proc` and ends the process if it cannot.
  static func raise() -> Int {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return 1 }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    if setrlimit(resource, &limit) != 0 { limit.rlim_cur = before }
    return max(1, Int(clamping: limit.rlim_cur) - reserve)
  }
}
