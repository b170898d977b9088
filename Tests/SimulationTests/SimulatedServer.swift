import ProcessSupport

@testable import LotteryProtocol
@testable import LotteryServer

/// A server from its start to its end: the real store, draw and sessions, and a driver in the place
/// of ``AgencyService``.
final class SimulatedServer: @unchecked Sendable {
  let agencies: UInt32
  let store: BetStore
  let draw: Draw
  let disk: SimulatedDisk
  private let world: World
  private let owner: Owner
  private var accepted: UInt64 = 0
  private var served: [(connection: Connection, task: Task<Void, Never>)] = []

  private static let log = Log(layout: .python, level: .critical)

  /// Starts a server of the lottery of `agencies`.
  init(
    agencies: UInt32, directory: String, disk: SimulatedDisk, owner: Owner, in world: World
  ) throws {
    self.agencies = agencies
    self.disk = disk
    self.owner = owner
    self.world = world
    store = try BetStore(directory: Path(directory), disk: disk) { _ in disk.endServer(.killed) }
    draw = Draw(
      agencies: Int(agencies), bets: store.bets, log: Self.log, worker: world.queue(of: owner)
    ) { _ in disk.endServer(.killed) }
    for agency in store.finishedAgencies { draw.agencyFinished(agency) }
  }

  /// Accepts a connection.
  func accept(_ connection: Connection) {
    accepted += 1
    let worker = world.queue(of: owner)
    let order = accepted
    let task = Task(executorPreference: worker) {
      var driver = Driver(of: connection, order: order, at: self)
      await driver.run()
    }
    served.append((connection, task))
  }

  /// Ends all that is left of it.
  func stop() {
    for (connection, _) in served {
      connection.up.cut()
      if disk.end == .shutDown {
        connection.down.send([ServerMessage.error(code: .shuttingDown, reason: "")])
        connection.down.close()
      } else {
        connection.down.cut()
      }
    }
    for (_, task) in served { task.cancel() }
    world.drain(owner)
    store.close()
  }
}
