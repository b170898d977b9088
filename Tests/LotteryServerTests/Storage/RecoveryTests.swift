import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What a store that starts again makes of its files.
@Suite struct RecoveryTests {
  let directory = TemporaryDirectory()

  @Test func `a crash at any byte leaves exactly the whole rows`() async throws {
    let bets = try [sampleBet(), Self.twoLineBet, sampleBet(of: 3)]
    let file = rows(bets)
    let ends = [0] + bets.indices.map { rows(Array(bets[...$0])).count }
    for size in 0...file.count {
      try directory.write(file.prefix(size), to: "bets.csv")
      let store = try BetStore(directory: directory.path)
      defer { store.close() }
      let whole = ends.lastIndex { $0 <= size } ?? 0
      #expect(store.recovery.bets == UInt64(whole), "of \(size) bytes")
      #expect(store.recovery.tornBytes == size - ends[whole], "of \(size) bytes")
      #expect(try directory.read("bets.csv") == Array(file.prefix(ends[whole])))
      try await store.storeBets(Array(bets[whole...]))
      #expect(try directory.read("bets.csv") == file)
    }
  }

  @Test func `every agency continues where it was`() async throws {
    let (ones, twos) = try (storedBets(1, 0..<5), storedBets(2, 0..<2))
    // The agencies' batches took turns.
    let turns = [ones[..<2], twos[..<1], ones[2...], twos[1...]]
    try directory.write(rows(turns.flatMap(\.self)), to: "bets.csv")
    try directory.write("2,2\r\n".utf8, to: "finished.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    await store.expectStanding(of: 1, stored: 5, last: ones[4].bet)
    await store.expectStanding(of: 2, stored: 2, last: twos[1].bet, hasFinished: true)
    await store.expectStanding(of: 3, stored: 0)
  }

  @Test func `agencies of any number are told apart, however their rows alternate`() async throws {
    let agencies: [UInt32] = [1, 65_535, 65_536, 9_999_999, 10_000_000, .max]
    let bets = try (0..<20).flatMap { index in
      try agencies.map { StoredBet(agency: $0, bet: try sampleBet(index, of: $0)) }
    }
    try directory.write(rows(bets), to: "bets.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(store.recovery.agencies == agencies.count)
    for agency in agencies {
      await store.expectStanding(of: agency, stored: 20, last: try sampleBet(19, of: agency))
    }
  }

  @Test func `the last bet is found whatever its texts hold`() async throws {
    let bet = try Self.twoLineBet
    try directory.write(rows([bet]), to: "bets.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(await store.take(Claim(agency: 1) {})?.lastBet == bet)
  }

  @Test func `the report counts what was found`() throws {
    let bets = try storedBets(1, 0..<3) + storedBets(2, 0..<2)
    try directory.write(rows(bets) + "1,An".utf8, to: "bets.csv")
    try directory.write("1,3\r\n3,0\r\n2,".utf8, to: "finished.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    let report = store.recovery
    #expect(
      report.cuts.map(\.path) == [directory.file("bets.csv"), directory.file("finished.csv")])
    #expect(report.cuts.map(\.beginning) == [Array("1,An".utf8), Array("2,".utf8)])
    #expect(report.tornBytes == 6)
    #expect((report.bets, report.agencies, report.finished) == (5, 3, 2))
  }

  @Test func `a torn row of finished.csv is an agency that has not finished`() async throws {
    let file = Array("1,0\r\n12,0\r\n".utf8)
    for size in 0...file.count {
      try directory.write(file.prefix(size), to: "finished.csv")
      let store = try BetStore(directory: directory.path)
      defer { store.close() }
      let finished: Set<UInt32> = size < 5 ? [] : size < file.count ? [1] : [1, 12]
      #expect(Set(store.finishedAgencies) == finished, "of \(size) bytes")
    }
  }

  @Test func `blank lines before an agency's last row do not hide it`() async throws {
    let bets = try sampleBets(0..<2)
    let blank = String(repeating: "\r\n", count: ProtocolLimits.csvRowSize + 1)
    try directory.write(rows([bets[0]]) + blank.utf8 + rows([bets[1]]) + blank.utf8, to: "bets.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    await store.expectStanding(of: 1, stored: 2, last: bets[1])
  }

  /// What a file system leaves that had grown a file before its bytes were on the disk.
  @Test(arguments: [1, 4095, 4096, 4097, 200_000], ["", "1,An", "1,\"An\r\n"])
  func `NUL bytes at the end are cut off, however many`(count: Int, torn: String) throws {
    let bets = rows(try sampleBets(0..<3))
    let nuls = [UInt8](repeating: 0, count: count)
    try directory.write(bets + torn.utf8 + nuls, to: "bets.csv")
    try directory.write("1,3\r\n2".utf8 + nuls, to: "finished.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(store.recovery.bets == 3)
    #expect(store.recovery.finished == 1)
    #expect(store.recovery.tornBytes == torn.utf8.count + count + 1 + count)
    #expect(try directory.read("bets.csv") == bets)
    #expect(try directory.read("finished.csv") == Array("1,3\r\n".utf8))
  }

  @Test func `a file of nothing but NUL bytes is empty`() throws {
    try directory.write([UInt8](repeating: 0, count: 100_000), to: "bets.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(try directory.read("bets.csv").isEmpty)
  }

  @Test func `a cancelled task recovers nothing, and changes nothing`() async throws {
    let torn = rows(try sampleBets(0..<3)) + "1,An".utf8
    try directory.write(torn, to: "bets.csv")
    let path = directory.path
    let starting = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try BetStore(directory: path).close()
    }
    await #expect(throws: CancellationError.self) { try await starting.value }
    #expect(try directory.read("bets.csv") == torn)
    // The directory is free again.
    try BetStore(directory: path).close()
  }

  private static var twoLineBet: Bet {
    get throws {
      try Bet(
        firstName: "José \"Pepe\"\r\nJuan", lastName: "\n", document: "0042",
        birthdate: "2000-02-29", number: "7574")
    }
  }
}
