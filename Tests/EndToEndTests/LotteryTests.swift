import Foundation
import LotteryProtocol
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct LotteryTests {
  @Test func `five agencies with as many bets as the course's get their winners`() async throws {
    let lottery = try Lottery(agencies: 5)
    for (index, size) in [26_936, 25_518, 16_014, 9_238, 991].enumerated() {
      try lottery.write(.rows(size, of: index + 1, winning: 10_000), of: index + 1)
    }
    try await Self.play(lottery, winners: [3, 3, 2, 1, 1])
  }

  @Test(
    .enabled(if: CourseData.isThere, "../shared/data/dataset.zip is not there"),
    .enabled(if: CourseData.canBeUnpacked, "neither unzip nor Python 3 is installed"))
  func `five agencies with the course's data get their winners`() async throws {
    let lottery = try Lottery(agencies: 5)
    try CourseData.unpack(into: lottery.directory)
    try await Self.play(lottery, winners: [2, 3, 3, 2, 0])
  }

  @Test func `the batches add up to the bets, and none is logged after the draw`() async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.write(.rows(25, of: 1), of: 1)
    try lottery.write(.rows(20, of: 2), of: 2)
    let server = try await lottery.startServer()
    for id in 1...2 { _ = try lottery.startAgency(id, ["CLI_BATCH_MAXAMOUNT": "10"]) }
    await server.line(with: "action: sorteo | result: success")
    await server.stop()
    let draw = try #require(server.lines.firstIndex { $0.contains("sorteo") })
    let batches = server.lines.indices.filter {
      server.lines[$0].contains("action: apuesta_recibida | result: success | cantidad: ")
    }
    #expect(batches.allSatisfy { $0 < draw })
    let counts = batches.compactMap { Int(server.lines[$0].split(separator: " ").last ?? "") }
    #expect(counts.sorted() == [5, 10, 10, 10, 10])
  }

  @Test func `a bets.csv cut off after the draw gets ERROR 8 and ends the server`() async throws {
    // Room for seven winners of each agency: those of agency 1 are read again when it asks.
    let (agencies, winners) = (100_000, 10)
    let lottery = try Lottery(agencies: agencies)
    try FileManager.default.createDirectory(
      atPath: lottery.directory.file("server"), withIntermediateDirectories: false)
    let row = "1,A,B,\(String(repeating: "9", count: 20)),1990-01-15,7574\r\n"
    let totals = (1...agencies).map { "\($0),\($0 == 1 ? winners : 0)\r\n" }
    try lottery.directory.write(
      String(repeating: row, count: winners).utf8, to: "server/bets.csv")
    try lottery.directory.write(totals.joined().utf8, to: "server/finished.csv")
    let server = try await lottery.startServer()
    await server.line(with: "action: sorteo | result: success")
    try #require(truncate(lottery.directory.file("server/bets.csv"), 10) == 0)
    let agency = try Peer(port: lottery.port)
    defer { agency.close() }
    try await agency.send(Frames.hello(1), Frames.winnersQuery)
    #expect(try await agency.receive()?.stored == UInt64(winners))
    #expect(try await agency.receiveError() == .shuttingDown)
    #expect(await server.end() == .exit(65))
    #expect(
      server.lines.contains {
        $0.contains("action: send_winners | result: fail | error: ")
          && $0.contains("bets.csv: changed by something else while the server ran, at byte ")
      })
  }

  /// Plays a lottery of five agencies, whose files are written, from the start to the end.
  private static func play(_ lottery: Lottery, winners: [Int]) async throws {
    let server = try await lottery.startServer()
    let agencies = try (1...5).map { try lottery.startAgency($0) }
    for (agency, count) in zip(agencies, winners) {
      #expect(await agency.end() == .exit(0))
      #expect(
        agency.lines.contains {
          $0.hasSuffix("action: consulta_ganadores | result: success | cant_ganadores: \(count)")
        })
    }
    await server.stop()
    #expect(server.lines.count { $0.hasSuffix("action: sorteo | result: success") } == 1)
    for id in 1...5 {
      let file = try lottery.directory.read("agency-\(id).csv")
      #expect(try lottery.storedRows(of: id).joined().utf8.elementsEqual(file))
    }
    #expect(!server.lines.contains { $0.contains("result: fail") })
  }
}
