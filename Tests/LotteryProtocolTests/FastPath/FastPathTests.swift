import TestSupport
import Testing

@testable import LotteryProtocol

/// The fast path against the general code, which is its specification.
@Suite struct FastPathTests {
  // MARK: - Rows to bets

  /// What becomes of a file: the frames, how its end was reached, and where.
  private struct Encoded: Equatable {
    var frames: [UInt8] = []
    var end = ""
    var line = 0
    var position = 0
  }

  private static func encode(
    _ pieces: [ArraySlice<UInt8>], maxAmount: Int, isFast: Bool
  ) -> Encoded {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    var builder = BatchBuilder(maxAmount: maxAmount)
    var result = Encoded()
    var rest = pieces[...]
    var waiting: BetView?
    var offset: UInt64 = 0
    do {
      while true {
        if isFast, waiting == nil {
          builder.appendPlainRows(of: &reader, offset: offset, to: &result.frames)
        }
        var bet = waiting
        waiting = nil
        if bet == nil, builder.count < maxAmount {
          switch try reader.next(atEnd: rest.isEmpty) {
          case .row:
            bet = try BetCSV.bet(reader.fields, in: reader.input.storage.span)
          case .needsMore:
            reader.input.feed(rest.removeFirst())
            continue
          case .end: break
          }
          if bet == nil { break }
        }
        if let bet, builder.hasRoom(for: bet, in: result.frames) {
          builder.append(bet, in: reader.input.storage.span, offset: offset, to: &result.frames)
        } else {
          offset += UInt64(builder.finish(&result.frames))
          waiting = bet
        }
      }
    } catch {
      result.end = "\(error)"
    }
    _ = builder.finish(&result.frames)
    (result.line, result.position) = (reader.line, reader.position)
    return result
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `files become the same frames, with the same error on the same line`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      var file = Rows.file(using: &random)
      for _ in 0..<random.pick([0, 0, 0, 1, 3]) { Rows.mutate(&file, using: &random) }
      let maxAmount = random.pick([1, 7, 150, 65535])
      let pieces = Rows.cut(file, using: &random)
      let fast = Self.encode(pieces, maxAmount: maxAmount, isFast: true)
      let general = Self.encode(pieces, maxAmount: maxAmount, isFast: false)
      #expect(fast == general, "\(String(repairing: file.span).debugDescription)")
    }
  }

  @Test func `rows of the usual kind are taken, and any other is left alone`() {
    let name = String(repeating: "n", count: 15)
    let row = "\(name),\(name),30904465,1999-03-17,7574"
    func taken(_ text: String) -> Int {
      var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
      reader.input.feed("A,B,1,2000-01-01,1\n".utf8)
      reader.input.feed(text.utf8)
      // Room to look at a whole window.
      reader.input.feed(String(repeating: "x", count: 80).utf8)
      #expect((try? reader.next(atEnd: false)) == .row)
      var frame: [UInt8] = []
      return reader.takePlainRows(appendingTo: &frame, limit: 8000, most: 99)
    }
    #expect(taken("\(row)\n") == 1)
    #expect(taken("\(row)\r\n\(row)\n\(row)\r\n") == 3)
    #expect(taken("\(name),ñá,1,2000-02-29,0\n") == 1)
    for digits in 1...20 {
      var document = [UInt8](repeating: UInt8(ascii: "9"), count: digits)
      #expect(taken("a,b,\(String(repairing: document.span)),2000-02-29,0\n") == 1)
      for index in document.indices {
        document[index] = UInt8(ascii: index.isMultiple(of: 2) ? "/" : ":")
        #expect(taken("a,b,\(String(repairing: document.span)),2000-02-29,0\n") == 0)
        document[index] = UInt8(ascii: "0")
      }
    }
    // As long as a window allows, and one byte more.
    let longest = String(repeating: "x", count: 46)
    #expect(taken("\(longest),,1,2000-02-29,0\r\n") == 1)
    #expect(taken("\(longest)x,,1,2000-02-29,0\r\n") == 0)
    for other in [
      "\"a\",b,1,2000-01-01,1\n", "a,b,,2000-01-01,1\n", "a,b,x,2000-01-01,1\n",
      "a,b,1,2000-02-30,1\n", "a,b,1,2000-01-01,123456789\n", "a,b,1,2000-01-01,\n",
      "a,b,1,2000/01/01,1\n", "a,b,1,2000-01-01,1\r\r\n", "a\u{1},b,1,2000-01-01,1\n",
      "a,b,123456789x,2000-01-01,1\n", "a,b,123456789012345678901,2000-01-01,1\n",
      "a,b,1,2000-01-01,1,\n", "a,1,2000-01-01,1\n",
      "\n", "a,b,1,2000-01-01,+1\n",
    ] {
      #expect(taken(other) == 0, "\(other.debugDescription)")
    }
  }

  // MARK: - Rows of bets.csv

  /// What a reader of `bets.csv` finds: how many rows of each agency, where the last of each lies,
  /// and how the file's end was reached.
  private struct Tallied: Equatable {
    var counts: [UInt32: Int] = [:]
    var lastRows: [UInt32: Range<Int>] = [:]
    var end = ""
    var line = 0
    var position = 0
    /// Rows that were counted at once. Not compared.
    var taken = 0

    static func == (left: Self, right: Self) -> Bool {
      left.counts == right.counts && left.lastRows == right.lastRows && left.end == right.end
        && left.line == right.line && left.position == right.position
    }
  }

  private static func tally(_ pieces: [ArraySlice<UInt8>], isFast: Bool) -> Tallied {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    var result = Tallied()
    var rest = pieces[...]
    do {
      loop: while true {
        for run in isFast ? reader.takeStoredRows() : [] {
          result.taken += run.rows
          result.counts[run.agency, default: 0] += run.rows
          result.lastRows[run.agency] = run.lastRow
        }
        switch try reader.next(atEnd: false) {
        case .row:
          let stored = try BetCSV.storedBet(reader.fields, in: reader.input.storage.span)
          result.counts[stored.agency, default: 0] += 1
          result.lastRows[stored.agency] = reader.row
        case .needsMore:
          guard let piece = rest.popFirst() else { break loop }
          reader.input.feed(piece)
        case .end: break loop
        }
      }
    } catch {
      result.end = "\(error)"
      result.line = reader.line
    }
    result.position = reader.position
    return result
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `one stored row is the bet that the reader of a file finds in it`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var found = 0
    for _ in 0..<2000 {
      let fields = [
        random.pick(["1", "4294967295", "0", "\u{FEFF}7", "\"2\""]),
        random.pick(["Ana", "\"A,\"\"b\"", "ñ\u{0}", "\"a\nb\"", "\"x"]), "P", "7",
        random.pick(["2000-01-01", "2001-02-29"]), random.pick(["7574", "\"7574\"", "x"]),
      ]
      let row = fields.joined(separator: ",") + random.pick(["\r\n", "\n", "", "\r"])
      let bytes = row.utf8.span
      var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
      reader.input.feed(row.utf8)
      var expected: (agency: UInt32, bet: Bet)?
      if (try? reader.next(atEnd: true)) == .row {
        let storage = reader.input.storage
        expected = (try? BetCSV.storedBet(reader.fields, in: storage.span))
          .map { ($0.agency, Bet($0.bet, in: storage.span)) }
      }
      let stored = BetCSV.storedBet(row: bytes)
      #expect(stored?.agency == expected?.agency, "\(row.debugDescription)")
      #expect(stored?.bet == expected?.bet, "\(row.debugDescription)")
      found += stored == nil ? 0 : 1
    }
    #expect((200...1800).contains(found))
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `stored rows are counted alike, with the same error on the same line`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var taken = 0
    for _ in 0..<60 {
      var file = Rows.file(ofStore: true, using: &random)
      for _ in 0..<random.pick([0, 0, 0, 1, 3]) { Rows.mutate(&file, using: &random) }
      let pieces = Rows.cut(file, using: &random)
      let fast = Self.tally(pieces, isFast: true)
      taken += fast.taken
      #expect(
        fast == Self.tally(pieces, isFast: false),
        "\(String(repairing: file.span).debugDescription)")
    }
  }

  @Test func `stored rows of the usual kind are counted at once, and any other is left alone`() {
    let row = "Santiago Lionel,Lorca,30904465,1999-03-17,7574\r\n"
    func taken(_ text: String) -> [AgencyRun] {
      var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
      reader.input.feed("9,A,B,1,2000-01-01,1\n".utf8)
      reader.input.feed(text.utf8)
      // Room to look at a whole window.
      reader.input.feed(String(repeating: "x", count: 80).utf8)
      #expect((try? reader.next(atEnd: false)) == .row)
      return reader.takeStoredRows()
    }
    let runs = taken("1,\(row)1,\(row)9999999,\(row)1,\(row)")
    #expect(runs.map(\.agency) == [1, 9_999_999, 1])
    #expect(runs.map(\.rows) == [2, 1, 1])
    #expect(runs.map(\.lastRow) == [71..<121, 121..<177, 177..<227])
    for other in ["0,", ",", "x,", "10000000,", "1x,", "+1,", "\"1\",", ""] {
      #expect(taken(other + row) == [], "\(other)")
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `the rows that end in the winning number are candidates`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let candidates = WinnerCandidates(number: 7574)
    for _ in 0..<300 {
      var text = ""
      var expected: [Range<Int>] = []
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        let number = random.pick(["7574", "17574", "07574", "75740", "757", "4", "1"])
        let name = String(repeating: "n", count: Int.random(in: 0...70, using: &random))
        let start = text.utf8.count
        text += "1,\(name),b,1,2000-01-01,\(number)" + random.pick(["\r\n", "\n"])
        if number.hasSuffix("7574") { expected.append(start..<text.utf8.count) }
      }
      let whole = text.utf8.count
      text += random.pick(["", "1,torn,b,1,2000-01-01,7574"])
      var found: [Range<Int>] = []
      #expect(candidates.find(in: text.utf8.span) { found.append($0) } == whole)
      #expect(found == expected)
    }
  }

  @Test(arguments: [0, 7, 7574, 12_345_678, 123_456_789, .max] as [UInt32])
  func `a row that ends in the number is a candidate, however many digits that has`(
    number: UInt32
  ) {
    let rows = "1,A,b,1,2000-01-01,\(number)\r\n1,A,b,1,2000-01-01,1\r\n"
    var found: [Range<Int>] = []
    _ = WinnerCandidates(number: number).find(in: rows.utf8.span) { found.append($0) }
    #expect(found == [0..<(rows.utf8.count - 22)])
  }

  @Test(arguments: [0, 1, 40, 63, 64, 65, 127, 128, 150])
  func `a quote anywhere leaves the whole block to the reader of rows`(position: Int) {
    var bytes = [UInt8](repeating: UInt8(ascii: "7"), count: 151)
    let candidates = WinnerCandidates(number: 7574)
    #expect(candidates.find(in: bytes.span) { _ in } == 0)
    bytes[position] = .quote
    #expect(candidates.find(in: bytes.span) { _ in } == nil)
  }

  // MARK: - Bets to rows

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `batches become the same rows, with the same error at the same bet`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<60 {
      var body = try Rows.batch(using: &random)
      let count = Int.random(in: 0...body.count, using: &random)
      var bytes = body.bytes
      for _ in 0..<random.pick([0, 0, 1, 2]) where !bytes.isEmpty {
        bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
      }
      if random.oneIn(10) { bytes.removeLast(min(bytes.count, 3)) }
      body.count = max(1, random.oneIn(5) ? count : body.count)
      let frame = [MessageType.batch.rawValue] + bytes
      let batch = BetBatch(isSingle: false, offset: 0, count: body.count, bets: 1..<frame.count)
      let known = random.pick([0, 0, 0, 1, body.count])
      try expectSame(batch, after: known, in: frame)
    }
  }

  private func expectSame(_ batch: BetBatch, after known: Int, in frame: [UInt8]) throws {
    let agency: UInt32 = 4_294_967_295
    var (general, fast, lastGeneral, lastFast) = ([7 as UInt8], [7 as UInt8], 0, 0)
    let expected = Result { () throws(WireError) in
      try batch.forEachBet(after: known, in: frame.span) { _, bet in
        lastGeneral = general.count
        general.append(csvRow: bet, agency: agency, in: frame.span)
      }
    }
    let found = Result { () throws(WireError) in
      try batch.appendRows(of: agency, after: known, in: frame.span, to: &fast, lastRow: &lastFast)
    }
    #expect(found == expected)
    if case .success(nil) = expected {
      #expect(fast == general)
      #expect(lastFast == lastGeneral)
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
    // Not one that is cut short, nor more than asked for.
    for cut in 1..<(bytes.count / 10) {
      var rows: [UInt8] = []
      let whole = bytes.span.extracting(droppingLast: cut)
      #expect(rows.appendPlainBets(of: 5, in: whole, most: 10).bets == 9)
      #expect(rows.appendPlainBets(of: 5, in: whole, most: 8).bets == 8)
    }
    // Nothing of it if one name is not UTF-8.
    bytes[2] = 0xFF
    rows = []
    #expect(rows.appendPlainBets(of: 5, in: bytes.span, most: 10).bets == 0)
    #expect(rows.isEmpty)
  }

  @Test func `bets that are not plain are not looked at again and again`() throws {
    var frame: [UInt8] = []
    for _ in 0..<400 { frame.append(bet: try Bets.ana()) }
    let batch = BetBatch(isSingle: false, offset: 0, count: 400, bets: frame.indices)
    var attempts = 0
    var bets = 0
    let bad = try batch.read(
      after: 0, in: frame.span,
      takePlain: { _, _ in
        attempts += 1
        return (0, 0)
      }, { _, _ in bets += 1 })
    #expect(bad == nil)
    #expect(bets == 400)
    #expect(attempts < 15)
  }

  // MARK: - Parts

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

  @Test func `the same days exist as in the calendar`() {
    for year in Array(0...8) + [100, 400, 1900, 2000, 2023, 2024, 9999, 10_000, 65_535] {
      for month in 0...13 {
        for day in 0...32 {
          let packed = PackedDate(year: UInt64(year), month: UInt64(month), day: UInt64(day))
          let date = CalendarDate(year: UInt16(year), month: UInt8(month), day: UInt8(day))
          #expect(packed.exists == (date != nil), "\(year)-\(month)-\(day)")
        }
      }
    }
  }

  @Test func `text is UTF-8 if the standard library says so`() {
    var random = SeededGenerator(seed: 3)
    let pieces: [[UInt8]] = [
      [0x61], [0x61, 0x62, 0x63], [0xC3, 0xB1], [0xC3], [0xB1], [0xE6, 0xB0, 0xB4], [0xE6, 0xB0],
      [0xF0, 0x9F, 0x8E, 0xB2], [0xC0, 0x80], [0xC1, 0xBF], [0xDF, 0xBF], [0xED, 0xA0, 0x80],
      [0xF5], [0xFF], [0x7F], [0x80],
    ]
    var valid = 0
    for _ in 0..<4000 {
      var bytes: [UInt8] = []
      let isLong = random.oneIn(2)
      for _ in 0..<Int.random(in: 0...(isLong ? 200 : 60), using: &random) {
        // Long texts have stretches of ASCII of more than a window.
        bytes +=
          random.oneIn(isLong ? 200 : 60)
          ? random.pick(pieces) : random.pick(Array(pieces[..<(isLong ? 2 : 3)]))
      }
      let start = Int.random(in: 0...min(3, bytes.count), using: &random)
      let range = start..<bytes.count
      let expected = String(validating: bytes[range], as: UTF8.self) != nil
      valid += expected ? 1 : 0
      #expect(bytes.span.bytes.isUTF8(range) == expected, "\(bytes)")
    }
    #expect((1000...3600).contains(valid))
  }
}

/// Files and batches, most of them plain.
private enum Rows {
  static func file(ofStore isStore: Bool = false, using random: inout SeededGenerator) -> [UInt8] {
    var text = random.oneIn(10) ? "\u{FEFF}" : ""
    for _ in 0..<Int.random(in: 0...60, using: &random) {
      if isStore {
        text += random.pick(["1,", "1,", "2,", "77,", "9999999,", "10000000,", "0042,"])
      }
      let fields = [
        name(using: &random), name(using: &random), random.document(), date(using: &random),
        number(using: &random),
      ]
      text += fields.joined(separator: ",") + random.pick(["\r\n", "\n", "\r\n", "\n\n"])
    }
    return Array(text.utf8)
  }

  static func mutate(_ file: inout [UInt8], using random: inout SeededGenerator) {
    guard !file.isEmpty else { return }
    let index = Int.random(in: file.indices, using: &random)
    let bytes: [UInt8] = [.comma, .quote, .lineFeed, .carriageReturn, 0, 0x1F, 0xC3, 0xFF, 0x39]
    switch Int.random(in: 0...2, using: &random) {
    case 0: file[index] = random.pick(bytes)
    case 1: file.insert(random.pick(bytes), at: index)
    default: file.remove(at: index)
    }
  }

  static func cut(_ file: [UInt8], using random: inout SeededGenerator) -> [ArraySlice<UInt8>] {
    let size = random.pick([1, 63, 64, 65, 200, 4000])
    return stride(from: 0, to: file.count, by: size).map {
      file[$0..<min(file.count, $0 + size)]
    }
  }

  static func batch(using random: inout SeededGenerator) throws -> (bytes: [UInt8], count: Int) {
    var bytes: [UInt8] = []
    let count = Int.random(in: 1...40, using: &random)
    for _ in 0..<count {
      let bet = try Bet(
        firstName: name(using: &random), lastName: name(using: &random),
        document: random.document(), birthdate: "2000-02-29", number: number(using: &random))
      bytes.append(bet: bet)
    }
    return (bytes, count)
  }

  private static func name(using random: inout SeededGenerator) -> String {
    if random.oneIn(25) { return String(repeating: "x", count: random.pick([60, 63, 64, 255])) }
    if random.oneIn(25) { return random.pick(["\u{1}", "水", "🎲", "\t"]) }
    return random.pick(["", "Ana", "Núñez", "Santiago Lionel", "O'Higgins", "ñáéíóú"])
  }

  private static func date(using random: inout SeededGenerator) -> String {
    random.oneIn(60)
      ? random.pick(["2023-02-29", "0000-01-01", "2000-1-01", "2000-13-01"])
      : random.pick(["1999-03-17", "2000-02-29", "0001-01-01", "9999-12-31"])
  }

  private static func number(using random: inout SeededGenerator) -> String {
    random.oneIn(60)
      ? random.pick(["4294967295", "123456789", "0000000000", "007"])
      : "\(UInt32.random(in: 0...99_999_999, using: &random) >> random.pick([0, 8, 16, 24]))"
  }
}
