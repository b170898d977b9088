@testable import AgencyClient
@testable import LotteryProtocol

/// One process of an agency, from its start to its end.
final class AgencyProcess: @unchecked Sendable {
  private let queue: WorkQueue
  private let connect: () -> Connection?
  private var connection: Connection?
  private var isKilled = false

  /// - Parameter connect: connects to the server, if there is one.
  init(on queue: WorkQueue, connect: @escaping () -> Connection?) {
    self.queue = queue
    self.connect = connect
  }

  /// Runs `body` as the process.
  func start(_ body: @escaping @Sendable () async -> Void) {
    Task(executorPreference: queue) { await body() }
  }

  /// Makes one attempt after the other until one succeeds, or fails so that no retry can help.
  ///
  /// - Throws: ``AgencyError/cancelled`` if the process is killed.
  func retrying(
    _ attempt: (inout AgencyConnection) async throws(AgencyError) -> Void
  ) async throws(AgencyError) {
    while !isKilled {
      guard let connection = connect() else {
        await queue.pause()
        continue
      }
      self.connection = connection
      defer { connection.up.close() }
      do throws(AgencyError) {
        var own = AgencyConnection(connection)
        return try await attempt(&own)
      } catch {
        if !error.isTransient { throw error }
      }
    }
    throw .cancelled
  }

  /// The network cuts its connection.
  func cut() {
    connection?.cut()
  }

  /// The network carries nothing more to the process, which takes its connection to be broken.
  func isolate() {
    connection?.abandon()
  }

  /// SIGKILL. What it sent may still arrive.
  func kill() {
    isKilled = true
    connection?.abandon()
  }
}

/// A connection as the agency has it.
struct AgencyConnection {
  private let connection: Connection
  private var arrived: ArraySlice<[UInt8]> = []

  init(_ connection: Connection) {
    self.connection = connection
  }

  /// Sends whole frames.
  func send(_ frames: [UInt8]) {
    connection.up.send(frames.frames)
  }

  /// Returns the server's next message.
  mutating func receive() async throws(AgencyError) -> ServerMessage {
    if arrived.isEmpty { arrived = await connection.down.receive()[...] }
    guard let frame = arrived.popFirst() else { throw .disconnected("") }
    do throws(WireError) {
      return try ServerMessage(frame: frame.span)
    } catch {
      throw .unexpected(error.description)
    }
  }
}
