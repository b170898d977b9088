import Foundation
import TestSupport
import Testing

@Suite("A lottery, with the two executables", .timeLimit(.minutes(1)))
struct LotteryTests {
  @Test("five agencies with the course's data, or as much made up, get their winners")
  func courseData() async throws {
    let lottery = try Lottery(agencies: 5)
    let winners = try Self.writeData(for: lottery)
    let server = try await lottery.startServer()
    let agencies = try (1...5).map { try lottery.startAgency($0) }
    for (agency, count) in zip(agencies, winners) {
      #expect(await agency.end() == .exit(0))
      #expect(
        agency.lines.contains {
          $0.hasSuffix("action: consulta_ganadores | result: success | cant_ganadores: \(count)")
        })
    }
    server.send(SIGTERM)
    #expect(await server.end() == .exit(0))
    #expect(server.lines.count { $0.hasSuffix("action: sorteo | result: success") } == 1)
    for id in 1...5 {
      let file = try lottery.directory.read("agency-\(id).csv")
      #expect(try lottery.storedRows(of: id).joined().utf8.elementsEqual(file))
    }
    #expect(!server.lines.contains { $0.contains("result: fail") })
  }

  @Test("the server's batches add up to the bets, and none is logged after the draw")
  func serverLog() async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.write(.rows(25, of: 1), of: 1)
    try lottery.write(.rows(20, of: 2), of: 2)
    let server = try await lottery.startServer()
    for id in 1...2 { _ = try lottery.startAgency(id, ["CLI_BATCH_MAXAMOUNT": "10"]) }
    await server.line(with: "action: sorteo | result: success")
    server.send(SIGTERM)
    #expect(await server.end() == .exit(0))
    let draw = try #require(server.lines.firstIndex { $0.contains("sorteo") })
    let batches = server.lines.indices.filter {
      server.lines[$0].contains("action: apuesta_recibida | result: success | cantidad: ")
    }
    #expect(batches.allSatisfy { $0 < draw })
    let counts = batches.compactMap { Int(server.lines[$0].split(separator: " ").last ?? "") }
    #expect(counts.sorted() == [5, 10, 10, 10, 10])
  }

  @Test("fields with commas, quotes and line breaks arrive as they are")
  func oddFields() async throws {
    let lottery = try Lottery(agencies: 1)
    let row = "\"a,\"\"b\"\"\",\"c\nd\",001,2000-02-29,7574\r\n"
    try lottery.write([row], of: 1)
    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
    server.send(SIGINT)
    #expect(await server.end() == .exit(0))
    #expect(
      try lottery.directory.read("server/bets.csv") == Array(("1," + row).utf8))
  }

  /// Writes the five files and returns how many winners each has.
  private static func writeData(for lottery: Lottery) throws -> [Int] {
    let archive = Repository.root.appending(path: "../shared/data/dataset.zip").standardizedFileURL
    guard FileManager.default.fileExists(atPath: archive.path()) else {
      let sizes = [26_936, 25_518, 16_014, 9_238, 991]
      for (index, size) in sizes.enumerated() {
        try lottery.write(.rows(size, of: index + 1, winning: 10_000), of: index + 1)
      }
      return [3, 3, 2, 1, 1]
    }
    let unzip = try ChildProcess(
      "python3", ["-m", "zipfile", "-e", archive.path(), lottery.directory.path])
    #expect(unzip.wait { _ in } == .exit(0))
    return [2, 3, 3, 2, 0]
  }
}
