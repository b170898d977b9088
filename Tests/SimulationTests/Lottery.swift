import Foundation

@testable import LotteryProtocol
@testable import LotteryServer

/// One simulated lottery: agencies, a server that ends and starts again, and faults.
final class Lottery: @unchecked Sendable {
  struct Outcome: Equatable {
    /// The promise that was broken.
    var failure: String?
    /// Which way it went.
    var trace: UInt64
    var steps: Int
    var faults: Int
  }

  let world: World
  let directory: String
  let files: [FileOnDisk]
  private(set) var agencies: [any SimulatedAgency] = []
  private let machine: WorkQueue
  /// The disk of the server that was started last.
  private var disk: SimulatedDisk?
  /// Nil while none accepts connections.
  private var server: SimulatedServer?
  private var starts = 0
  private var faultsLeft: Int
  private var faults = 0

  /// Steps after which a lottery should have ended long ago.
  private static let stepLimit = 20_000

  /// The lottery of `seed`, with its files in `directory`.
  init(seed: UInt64, directory: String) {
    world = World(seed: seed)
    self.directory = directory
    machine = world.queue(of: .world)
    files = ["bets.csv", "finished.csv"].map { FileOnDisk(path: "\(directory)/\($0)") }
    faultsLeft = world.random(in: 0..<16)
    let count = UInt32(world.random(in: 1..<4))
    let isLottery = !world.oneIn(4)
    agencies = (1...count).map { number in
      let bets = (0..<world.random(in: (isLottery ? 0 : 1)..<9)).map { bet(number, $0) }
      return isLottery
        ? LotteryAgency(number, bets: bets, in: self) : BetAgency(number, bets: bets, in: self)
    }
  }

  private func bet(_ agency: UInt32, _ index: Int) -> Bet {
    do {
      return try Bet(
        firstName: "Ana", lastName: world.oneIn(4) ? "Paz, \"la\"" : "Paz",
        document: "\(agency)000\(index)", birthdate: "1999-03-17",
        number: world.oneIn(3) ? "7574" : "\(index)")
    } catch {
      fatalError("\(error)")
    }
  }

  func play() -> Outcome {
    for file in files { unlink(file.path) }
    world.disturb = { [unowned self] in disturb() }
    machine.add { self.startServer() }
    for agency in agencies { agency.start() }
    while world.failure == nil, !agencies.allSatisfy(\.isDone) {
      if world.steps > Self.stepLimit { world.fail("no end after \(world.steps) steps") }
      if !world.step() { world.fail("all wait for each other") }
      if let server, disk?.end != nil { replace(server) }
    }
    endAll()
    if world.failure == nil { checkFiles() }
    return Outcome(
      failure: world.failure, trace: world.trace, steps: world.steps, faults: faults)
  }

  /// Ends all that still runs, so that nothing is left of the lottery.
  private func endAll() {
    world.disturb = {}
    faultsLeft = 0
    for process in agencies.flatMap(\.processes) { process.kill() }
    world.drain(.agencies)
    disk?.endServer(.shutDown)
    server?.stop()
  }

  // MARK: - What agencies see of it

  /// Whether FINISHED was sent by every agency.
  var allHaveFinished: Bool {
    agencies.allSatisfy { ($0 as? LotteryAgency)?.hasFinished ?? false }
  }

  func connect() -> Connection? {
    guard let server, disk?.end == nil else { return nil }
    let connection = Connection(up: Wire(in: world), down: Wire(in: world))
    server.accept(connection)
    return connection
  }

  // MARK: - The server's machine

  private func startServer() {
    starts += 1
    let disk = SimulatedDisk(of: .server(start: starts), in: self)
    self.disk = disk
    do {
      server = try SimulatedServer(of: self, disk: disk)
    } catch {
      if !disk.hasFailed, disk.end == nil { world.fail("the server does not start: \(error)") }
      startAgain(after: disk.end)
    }
  }

  private func replace(_ server: SimulatedServer) {
    server.stop()
    self.server = nil
    startAgain(after: disk?.end)
  }

  private func startAgain(after end: ServerEnd?) {
    if end == .powerLost { for file in files { file.losePower(in: world) } }
    machine.add { self.startServer() }
  }

  // MARK: - What goes wrong

  /// Whether something may go wrong now.
  func takeFault() -> Bool {
    guard faultsLeft > 0 else { return false }
    faultsLeft -= 1
    faults += 1
    return true
  }

  private func disturb() {
    guard world.oneIn(12), takeFault() else { return }
    let agency = agencies[world.random(in: 0..<agencies.count)]
    let process = agency.processes.first
    switch world.random(in: 0..<12) {
    case 0..<3: process?.cut()
    case 3..<6: process?.isolate()
    case 6..<8: agency.restart()
    case 8: disk?.endServer(.shutDown)
    case 9: disk?.endServer(.killed)
    default: disk?.endServer(.powerLost)
    }
  }

  // MARK: - What must be there at the end

  private func checkFiles() {
    var rows: [UInt32: [Bet]] = [:]
    var totals: [UInt32: UInt64] = [:]
    do {
      var bets = try CSVFile(path: files[0].path, lastRow: .torn)
      while let (agency, bet) = try bets.nextStoredBet() {
        rows[agency, default: []].append(Bet(bet, in: bets.storage.span))
      }
      let finished = try String(contentsOfFile: files[1].path, encoding: .utf8)
      for row in finished.split(separator: "\r\n") {
        let numbers = row.split(separator: ",").compactMap { UInt64($0) }
        totals[UInt32(numbers[0])] = numbers[1]
      }
    } catch {
      world.fail("the files cannot be read: \(error)")
    }
    for agency in agencies {
      agency.check(stored: rows[agency.number] ?? [], total: totals[agency.number])
    }
  }
}
