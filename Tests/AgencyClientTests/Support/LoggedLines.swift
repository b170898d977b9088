import LotteryCore
import LotteryProtocol
import ProcessSupport
import TestSupport

/// A log whose lines a test can look at.
final class LoggedLines: Sendable {
  /// What the program under test writes to; all levels count.
  let log: Log
  private let directory: TemporaryDirectory
  private let file: File

  init() throws {
    directory = try TemporaryDirectory()
    file = try File(appending: directory.file("log"))
    log = Log(layout: .go, level: .debug, descriptor: file.descriptor)
  }

  deinit {
    log.flush()
    file.close()
  }

  /// The lines about `action` so far, from their result on.
  func about(_ action: String) throws -> [String] {
    log.flush()
    let mark = "action: \(action) | result: "
    return String(decoding: try directory.read("log"), as: UTF8.self)
      .split(separator: "\n")
      .compactMap { line in
        line.firstRange(of: mark).map { String(line[$0.upperBound...]) }
      }
  }
}
