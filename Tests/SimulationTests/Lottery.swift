import Glibc

@testable import AgencyClient
@testable import LotteryProtocol
@testable import LotteryServer

/// An agency of a simulated lottery.
protocol SimulatedAgency: AnyObject, Sendable {
  var number: UInt32 { get }
  /// Whether it has nothing left to do.
  var isDone: Bool { get }
  var processes: [AgencyProcess] { get }
  func start()
  /// Kills a process, and lets another one go on.
  func restart()
  /// Checks what the files hold of it at the end.
  func check(stored rows: [Bet], total: UInt64?)
}

/// One simulated lottery: agencies, a server that ends and starts again, and faults.
final class Lottery: @unchecked Sendable {
  /// What came of it.
  struct Outcome: Equatable {
    /// The promise that was broken.
    var failure: String?
    /// Which way it went.
    var trace: UInt64
    var steps: Int
    var faults: Int
  }

  let world: World
  private let directory: String
  private let machine: WorkQueue
  private let contents = DiskContents()
  /// The disk of the server that was started last.
  private var disk: SimulatedDisk?
  /// Nil while none accepts connections.
  private var server: SimulatedServer?
  private var starts = 0
  private var agencies: [any SimulatedAgency] = []
  private var faultsLeft: Int
  private var faults = 0

  /// Steps after which a lottery should have ended long ago.
  private static let stepLimit = 20_000

  /// The lottery of `seed`, with its files in `directory`.
  init(seed: UInt64, directory: String) {
    world = World(seed: seed)
    self.directory = directory
    machine = world.queue(of: .world)
    faultsLeft = world.random(in: 0..<16)
    let count = UInt32(world.random(in: 1..<4))
    let isLottery = !world.oneIn(4)
    agencies = (1...count).map { number in
      let bets = (0..<world.random(in: (isLottery ? 0 : 1)..<9)).map { bet(number, $0) }
      return isLottery
        ? LotteryAgency(number, bets: bets, in: self) : BetAgency(number, bets: bets, in: self)
    }
  }

  /// Whether FINISHED was sent by every agency.
  var allHaveFinished: Bool {
    agencies.allSatisfy { ($0 as? LotteryAgency)?.hasFinished ?? false }
  }

  /// Plays it to its end.
  func play() -> Outcome {
    for name in ["bets.csv", "finished.csv"] { unlink("\(directory)/\(name)") }
    world.disturb = { [unowned self] in disturb() }
    machine.add { self.startServer() }
    for agency in agencies { agency.start() }
    while world.failure == nil, !agencies.allSatisfy(\.isDone) {
      if world.steps > Self.stepLimit { world.fail("no end after \(world.steps) steps") }
      if !world.step() { world.fail("all wait for each other") }
      if let server, disk?.end != nil { replace(server) }
    }
    world.disturb = {}
    end()
    if world.failure == nil { checkFiles() }
    return Outcome(
      failure: world.failure, trace: world.trace, steps: world.steps, faults: faults)
  }

  /// Returns a process that has not started.
  func process() -> AgencyProcess {
    AgencyProcess(on: world.queue(of: .agencies)) { [unowned self] in connect() }
  }

  private func connect() -> Connection? {
    guard let server, disk?.end == nil else { return nil }
    let connection = Connection(in: world)
    server.accept(connection)
    return connection
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
}

/// The server's machine.
extension Lottery {
  private func startServer() {
    starts += 1
    let owner = Owner.server(start: starts)
    let disk = SimulatedDisk(contents, of: owner, in: world) { [unowned self] in takeFault() }
    self.disk = disk
    do {
      server = try SimulatedServer(
        agencies: UInt32(agencies.count), directory: directory, disk: disk, owner: owner, in: world)
    } catch {
      if !disk.hasFailed, disk.end == nil { world.fail("the server does not start: \(error)") }
      if disk.end == .powerLost { losePower() }
      machine.add { self.startServer() }
    }
  }

  private func losePower() {
    for file in contents.files { file.losePower(in: world) }
  }

  private func replace(_ server: SimulatedServer) {
    server.stop()
    if disk?.end == .powerLost { losePower() }
    self.server = nil
    machine.add { self.startServer() }
  }

  /// Ends all that still runs, so that nothing is left of the lottery.
  private func end() {
    faultsLeft = 0
    for process in agencies.flatMap(\.processes) { process.kill() }
    world.drain(.agencies)
    disk?.endServer(.shutDown)
    server?.stop()
  }
}

/// What goes wrong.
extension Lottery {
  private func takeFault() -> Bool {
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
}

/// What must be there at the end.
extension Lottery {
  private func checkFiles() {
    var (rows, totals) = ([UInt32: [Bet]](), [UInt32: UInt64]())
    do {
      var bets = try CSVFile(path: "\(directory)/bets.csv", lastRow: .torn)
      while let (agency, bet) = try bets.nextStoredBet() {
        rows[agency, default: []].append(Bet(bet, in: bets.storage.span))
      }
      let finished = try File(reading: "\(directory)/finished.csv")
      defer { finished.close() }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let size = try finished.read(0..<bytes.count, into: &bytes)
      let text = String(decoding: bytes[..<size], as: UTF8.self)
      for row in text.split(separator: "\r\n") {
        let fields = row.split(separator: ",")
        if let agency = UInt32(fields[0]) { totals[agency] = UInt64(fields[1]) }
      }
    } catch {
      world.fail("the files cannot be read: \(error)")
    }
    for agency in agencies {
      agency.check(stored: rows[agency.number] ?? [], total: totals[agency.number])
    }
  }
}
