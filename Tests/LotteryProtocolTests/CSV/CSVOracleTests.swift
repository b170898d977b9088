import TestSupport
import Testing

@testable import LotteryProtocol

/// Rows against Python's `csv` module.
@Suite struct CSVOracleTests {
  private struct Answer: Decodable {
    let rows: [[String]]
    let isGood: Bool
  }

  @Test func `rows are those that Python reads, up to the error`() throws {
    let exchanges = try Exchange<String, Answer>.all("csv-read")
    for exchange in exchanges {
      let read = CSVRows(exchange.document)
      #expect(read.rows == exchange.python.rows, "\(exchange.document.debugDescription)")
      #expect(
        (read.error == nil) == exchange.python.isGood, "\(exchange.document.debugDescription)")
    }
    // Both kinds must be among the cases, or they prove nothing.
    let good = exchanges.count(where: \.python.isGood)
    #expect(good > exchanges.count / 5)
    #expect(exchanges.count - good > exchanges.count / 5)
  }

  @Test func `bytes are those that Python writes`() throws {
    let exchanges = try Exchange<[String], String>.all("csv-write")
    #expect(exchanges.count > 0)
    for exchange in exchanges {
      let fields = exchange.document
      let bet = try Bet(
        firstName: fields[1], lastName: fields[2], document: fields[3], birthdate: fields[4],
        number: fields[5])
      var row: [UInt8] = []
      row.append(csvRow: bet, agency: try #require(UInt32(fields[0])))
      #expect(row == Array(exchange.python.utf8), "\(bet)")
    }
  }
}
