/// Rows of an agency's file to bets on the wire, a window at a time.
///
/// The three texts of a row lie on the wire as they lie in the file, one byte later, each comma
/// replaced by the length of the text after it:
///
///     file   Ana,Paz,28113455,1987-11-02,42\r\n
///     wire  3Ana3Paz8281134557.11.2....
///
/// So the encoder finds the commas and the end of the row as bits, stores 64 bytes of the row one
/// byte further on, patches three lengths, and stores date and number as one word over what follows
/// the document. Bytes that were stored beyond the bet are overwritten by the next one, or not kept:
/// the caller's room is a ``RowRoom`` larger than what is kept.
///
/// It takes a ``PlainRow`` only. That names are UTF-8 is checked for all rows together. Anything
/// else is left to ``CSVReader`` and ``BetCSV``, which are the specification.
struct PlainRowEncoder {
  /// Bytes of the rows that were taken.
  private(set) var consumed = 0
  /// Bytes of the last of them.
  private(set) var lastRowSize = 0
  /// Rows that were taken.
  private(set) var rows = 0

  /// Room beyond the limit: a bet is stored into a whole ``RowRoom``.
  static let slack = RowRoom.size

  /// Takes rows from `input` and stores their bets at the front of `output`, until `most` rows are
  /// taken, the bets would take more than `limit` bytes, or a row is not plain.
  ///
  /// - Returns: the size of the bets.
  mutating func encode(
    _ input: Span<UInt8>, to output: RowRoom.Buffer,
    limit: Int, most: Int
  ) -> Int {
    var map = StopMap()
    var end = 0
    input.withRowBytes { input in
      while rows < most, let text = input.row(at: consumed),
        let bet = PlainRow(in: text, stops: map.stops(in: input, at: consumed)),
        end + bet.wireSize <= limit
      {
        bet.store(from: text, to: output.room(at: end))
        end += bet.wireSize
        consumed += bet.size
        lastRowSize = bet.size
        rows += 1
      }
    }
    return end
  }
}
