import BenchmarkData
import Foundation
import LotteryProtocol
import LotteryServer
import Testing

/// The made-up files are what the lottery takes them for.
@Suite struct BetFilesTests {
  private let directory: String

  init() throws {
    directory = NSTemporaryDirectory() + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  }

  @Test func framesHoldEveryBetOfTheFileOnce() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/agency.csv"
    try BetFiles.writeAgency(path, rows: 1000)
    var counts: [Int] = []
    let total = try BatchFrames.forEach(inFile: path, maxAmount: 150) { _, count in
      counts.append(count)
    }
    #expect(total == 1000)
    #expect(counts == [150, 150, 150, 150, 150, 150, 100])
  }

  @Test func storeIsOneThatEverybodyHasFinished() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try BetFiles.writeStore(directory, rows: 1000, agencies: 3)
    var reader = try BetReader(path: directory + "/bets.csv")
    var bets: [UInt32: Int] = [:]
    while let bet = try reader.next() { bets[bet.agency, default: 0] += 1 }
    #expect(bets == [1: 400, 2: 300, 3: 300])
    let finished = try String(contentsOfFile: directory + "/finished.csv", encoding: .utf8)
    #expect(finished == "1,400\r\n2,300\r\n3,300\r\n")
  }
}
