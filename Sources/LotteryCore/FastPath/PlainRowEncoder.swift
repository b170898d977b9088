/// Rows of an agency's file to bets on the wire, a window at a time.
///
/// The three texts of a row lie on the wire as they lie in the file, one byte later, each comma
/// replaced by the length of the text after it:
///
///     file   Ana,Paz,28113455,1987-11-02,42\r\n
///     wire  3Ana3Paz8281134557.11.2....
///
/// So the encoder loads 64 bytes, finds the commas and the end of the row as bits, stores the 64
/// bytes one byte further on, patches three lengths, and stores date and number as one word over
/// what follows the document. Bytes that were stored beyond the bet are overwritten by the next one,
/// or cut off: the caller's room is a window larger than what it keeps.
///
/// It takes a ``PlainRow`` only. That names are UTF-8 is checked for all rows together. Anything else
/// is left to ``CSVReader`` and ``BetCSV``, which are the specification.
struct PlainRowEncoder {
  /// Bytes of the rows that were taken.
  private(set) var consumed = 0
  /// Bytes of the last of them.
  private(set) var lastRowSize = 0
  /// Rows that were taken.
  private(set) var rows = 0

  /// Room that a bet may need beyond its end.
  static let slack = ByteWindow.size

  /// Takes rows from `input`, the bytes at `unread`, and stores their bets in `output` from `start`
  /// on, until `most` rows are taken, a bet would reach beyond `limit`, or a row is not plain.
  ///
  /// - Returns: where the last bet ends in `output`.
  mutating func encode(
    _ input: RawSpan, _ unread: Range<Int>, to output: inout MutableRawSpan, from start: Int,
    limit: Int, most: Int
  ) -> Int {
    var end = start
    while rows < most {
      let row = unread.lowerBound + consumed
      guard row + ByteWindow.size <= input.byteCount,
        let bet = PlainRow(in: input, at: row, before: unread.upperBound),
        end + bet.wireSize <= limit
      else { break }
      let (first, last, document) = bet.commas
      output.store(bet.window, at: end + 1)
      output.store(UInt8(truncatingIfNeeded: first), at: end)
      output.store(UInt8(truncatingIfNeeded: last - first - 1), at: end + 1 + first)
      output.store(UInt8(truncatingIfNeeded: document - last - 1), at: end + 1 + last)
      output.store(bet.fixedPart.byteSwapped, at: end + 1 + document)
      end += bet.wireSize
      consumed += bet.size
      lastRowSize = bet.size
      rows += 1
    }
    return end
  }
}
