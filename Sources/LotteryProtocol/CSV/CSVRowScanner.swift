/// Finds the end of one row of CSV and the fields in it.
struct CSVRowScanner {
  enum Outcome {
    case complete
    case incomplete
  }

  /// The byte that is looked at next.
  private(set) var position: Int
  /// Lines that the row stands on.
  private(set) var lines = 0
  private(set) var hasQuotes = false
  private(set) var hasDoubledQuotes = false

  private let end: Int
  private let atEnd: Bool

  /// A scanner for the row that begins where `unread` begins.
  ///
  /// - Parameter atEnd: whether nothing follows after `unread`.
  init(unread: Range<Int>, atEnd: Bool) {
    position = unread.lowerBound
    end = unread.upperBound
    self.atEnd = atEnd
  }

  /// Appends the row's fields, quotes left out but doubled quotes left in, and stops after its
  /// line end.
  mutating func scan(
    _ bytes: Span<UInt8>, into fields: inout [Range<Int>]
  ) throws(CSVError) -> Outcome {
    while true {
      let isQuoted = position < end && bytes[position] == .quote
      let field = isQuoted ? scanQuoted(bytes) : scanPlain(bytes)
      guard let field else {
        if atEnd { throw .quoteNotClosed }
        return .incomplete
      }
      fields.append(field)
      switch try scanSeparator(bytes) {
      case .comma: continue
      case .lineEnd: return .complete
      case .missing: return .incomplete
      }
    }
  }

  private mutating func scanPlain(_ bytes: Span<UInt8>) -> Range<Int> {
    let start = position
    let unread = bytes.extracting(..<end)
    position = unread.endOfPlainText(from: position)
    // A quote inside a plain field is text.
    while position < end, bytes[position] == .quote {
      position = unread.endOfPlainText(from: position + 1)
    }
    return start..<position
  }

  /// Nil if the closing quote is missing.
  private mutating func scanQuoted(_ bytes: Span<UInt8>) -> Range<Int>? {
    hasQuotes = true
    position += 1
    let start = position
    while position < end {
      switch bytes[position] {
      case .quote:
        guard position + 1 < end, bytes[position + 1] == .quote else {
          position += 1
          return start..<(position - 1)
        }
        hasDoubledQuotes = true
        position += 2
      case .lineFeed:
        lines += 1
        position += 1
      default:
        position += 1
      }
    }
    return nil
  }

  private enum Separator {
    case comma
    case lineEnd
    case missing
  }

  private mutating func scanSeparator(_ bytes: Span<UInt8>) throws(CSVError) -> Separator {
    guard position < end else {
      lines += 1
      return atEnd ? .lineEnd : .missing
    }
    switch bytes[position] {
    case .comma:
      position += 1
      return .comma
    case .lineFeed:
      position += 1
    case .carriageReturn:
      // Python takes several of them, and at the end of the file no line feed need follow.
      while position < end, bytes[position] == .carriageReturn { position += 1 }
      if position < end {
        guard bytes[position] == .lineFeed else { throw .bareCarriageReturn }
        position += 1
      } else if !atEnd {
        return .missing
      }
    default:
      throw .textAfterQuote
    }
    lines += 1
    return .lineEnd
  }
}

extension Span where Element == UInt8 {
  /// The index of the first byte from `start` on that may end a field or begin quotes. Looks at
  /// eight bytes at a time.
  func endOfPlainText(from start: Int) -> Int {
    var offset = start
    while offset + 8 <= count {
      let word = UInt64(
        littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
      let stops =
        word.marking(.comma) | word.marking(.quote) | word.marking(.lineFeed)
        | word.marking(.carriageReturn)
      if stops != 0 { return offset + stops.trailingZeroBitCount / 8 }
      offset += 8
    }
    while offset < count {
      switch self[offset] {
      case .comma, .quote, .lineFeed, .carriageReturn: return offset
      default: offset += 1
      }
    }
    return offset
  }
}
