import Foundation
import LotteryProtocol

/// The course's `store_bets` and `load_bets`, run by Python.
enum PythonOracle {
  struct Failure: Error {
    let status: Int32
  }

  /// Appends `bets` to the file at `path`.
  static func store(_ bets: [Bet], to path: String) throws {
    var lines = Data()
    for bet in bets {
      lines += try JSONEncoder().encode(fields(of: bet)) + "\n".utf8
    }
    _ = try run(["store", path], input: lines)
  }

  /// The fields of each bet in the file at `path`.
  static func load(_ path: String) throws -> [[String]] {
    try run(["load", path], input: Data()).split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode([String].self, from: $0)
    }
  }

  /// The fields of a bet, as ``load(_:)`` gives them.
  static func fields(of bet: Bet) -> [String] {
    [
      "\(bet.agency)", bet.firstName, bet.lastName, bet.document, bet.birthdate.description,
      "\(bet.number)",
    ]
  }

  private static var script: String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Oracles/store_bets.py").standardizedFileURL.path()
  }

  private static func run(_ arguments: [String], input: Data) throws -> Data {
    let (stdin, stdout) = (Pipe(), Pipe())
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", script] + arguments
    process.standardInput = stdin
    process.standardOutput = stdout
    try process.run()
    // Neither command writes before it has read everything: the pipes cannot block each other.
    try stdin.fileHandleForWriting.write(contentsOf: input)
    try stdin.fileHandleForWriting.close()
    let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(status: process.terminationStatus)
    }
    return output
  }
}
