import TestSupport
import Testing

@testable import LotteryProtocol

/// What the fast path takes. That it does with it what the general code does is for the fuzz targets
/// `csv` and `frames`.
@Suite struct FastPathTests {
  /// A row before those under test, and room after them to look at a whole window.
  private func reader(_ text: String) throws -> CSVReader {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    reader.input.feed(("9,A,B,1,2000-01-01,1\n" + text + String(repeating: "x", count: 80)).utf8)
    let step = try reader.next(atEnd: false)
    #expect(step == .row)
    return reader
  }

  @Test func `rows of the usual kind are taken, and any other is left alone`() throws {
    func taken(_ text: String) throws -> Int {
      var reader = try reader(text)
      var frame: [UInt8] = []
      return reader.takePlainRows(appendingTo: &frame, limit: 8000, most: 99)
    }
    let name = String(repeating: "n", count: 15)
    let row = "\(name),\(name),30904465,1999-03-17,7574"
    // As long as a window allows, and one byte more.
    let longest = String(repeating: "x", count: 46)
    let other = [
      "\"a\",b,1,2000-01-01,1\n", "a,b,,2000-01-01,1\n", "a,b,x,2000-01-01,1\n",
      "a,b,1,2000-02-30,1\n", "a,b,1,2000-01-01,123456789\n", "a,b,1,2000-01-01,\n",
      "a,b,1,2000/01/01,1\n", "a,b,1,2000-01-01,1\r\r\n", "a\u{1},b,1,2000-01-01,1\n",
      "a,b,123456789x,2000-01-01,1\n", "a,b,123456789012345678901,2000-01-01,1\n",
      "a,b,1,2000-01-01,1,\n", "a,1,2000-01-01,1\n", "\n", "a,b,1,2000-01-01,+1\n",
    ]
    for (text, count) in [
      ("\(row)\n", 1), ("\(row)\r\n\(row)\n\(row)\r\n", 3), ("\(name),ñá,1,2000-02-29,0\n", 1),
      ("\(longest),,1,2000-02-29,0\r\n", 1), ("\(longest)x,,1,2000-02-29,0\r\n", 0),
    ] + other.map({ ($0, 0) }) {
      #expect(try taken(text) == count, "\(text.debugDescription)")
    }
    for digits in 1...20 {
      var document = [UInt8](repeating: UInt8(ascii: "9"), count: digits)
      #expect(try taken("a,b,\(String(repairing: document.span)),2000-02-29,0\n") == 1)
      for index in document.indices {
        for other in "/:".utf8 {
          document[index] = other
          #expect(try taken("a,b,\(String(repairing: document.span)),2000-02-29,0\n") == 0)
        }
        document[index] = UInt8(ascii: "0")
      }
    }
  }

  @Test func `stored rows of the usual kind are counted at once, and any other is left alone`()
    throws
  {
    func taken(_ text: String) throws -> [AgencyRun] {
      var reader = try reader(text)
      return reader.takeStoredRows()
    }
    let row = "Santiago Lionel,Lorca,30904465,1999-03-17,7574\r\n"
    let runs = try taken("1,\(row)1,\(row)9999999,\(row)1,\(row)")
    #expect(runs.map(\.agency) == [1, 9_999_999, 1])
    #expect(runs.map(\.rows) == [2, 1, 1])
    #expect(runs.map(\.lastRow) == [71..<121, 121..<177, 177..<227])
    for other in ["0,", ",", "x,", "10000000,", "1x,", "+1,", "\"1\",", ""] {
      #expect(try taken(other + row) == [], "\(other)")
    }
  }

  @Test func `bets of the usual kind are taken, up to the end of the frame`() throws {
    let bets = try (0..<10).map { _ in try Bets.ana() }
    var bytes: [UInt8] = []
    for bet in bets { bytes.append(bet: bet) }
    var rows: [UInt8] = [7]
    let decoder = rows.appendPlainBets(of: 5, in: bytes.span, most: 10)
    let row = "5,Ana,Ñu,007,1999-03-17,2201\r\n".utf8
    #expect(decoder.bets == 10)
    #expect(decoder.consumed == bytes.count)
    #expect(rows == [7] + Array(repeatElement(Array(row), count: 10).joined()))
    #expect(decoder.lastRow == 1 + 9 * row.count)
  }

  @Test func `bets that are not plain are not looked at again and again`() throws {
    var frame: [UInt8] = []
    for _ in 0..<400 { frame.append(bet: try Bets.ana()) }
    let batch = BetBatch(isSingle: false, offset: 0, count: 400, bets: frame.indices)
    var attempts = 0
    var bets = 0
    let bad = try batch.forEachBet(
      after: 0, in: frame.span,
      takePlain: { _, _ in
        attempts += 1
        return (0, 0)
      }, { _, _ in bets += 1 })
    #expect(bad == nil)
    #expect(bets == 400)
    #expect(attempts < 15)
  }

  @Test func `digits are read and written`() {
    var random = SeededGenerator(seed: 1)
    let edges: [UInt64] = [0, 1, 9, 10, 99, 100, 9999, 10_000, 99_999_999, 12_345_678, 99_990_000]
    for value in edges + (0..<10_000).map({ _ in .random(in: 0..<100_000_000, using: &random) }) {
      let text = String(value)
      let padded = Array((String(repeating: "0", count: 8 - text.count) + text).utf8)
      let word = padded.span.bytes.word(at: 0, as: UInt64.self) & 0x0F0F_0F0F_0F0F_0F0F
      #expect(DigitWord.value(of: word) == value)
      #expect(DigitWord.digits(of: value) == word)
    }
  }
}
