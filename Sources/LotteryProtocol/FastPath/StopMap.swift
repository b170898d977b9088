/// Where the stops of many rows are: commas, quotes and control characters, a bit for each byte.
///
/// A row begins where the row before it ends. If each row had a window of its own, the next row
/// could not start before this one was understood, and bytes that two windows share would be looked
/// at twice. So blocks of 64 bytes are looked at ahead of the rows, wherever those begin,
/// and the bits of a row are cut out of those of two blocks.
struct StopMap {
  /// The most blocks that are looked at together. More would look too far beyond the end of a batch.
  private static let mostBlocks = 16

  /// Blocks to look at next time: few at first, for a caller that stops at the first row.
  private var blocks = 2
  /// The bits of the blocks from ``start`` on. Those from ``end`` on mean nothing. One word more
  /// than blocks: the word after a row's own is always read.
  private var words = InlineArray<17, UInt64>(repeating: 0)
  private var start = 0
  private var end = 0

  /// The stops among the 64 bytes from `offset` on.
  ///
  /// - Precondition: `input` has a row's bytes at `offset`.
  @inline(__always)
  mutating func stops(in input: RowBytes.Buffer, at offset: Int) -> UInt64 {
    if offset < start || offset + ByteWindow.size > end { look(at: input, from: offset) }
    let distance = offset - start
    let shift = UInt64(distance % ByteWindow.size)
    let block = distance / ByteWindow.size
    // Shifted twice: the second word must vanish if the shift is 0.
    return words[block] &>> shift | (words[block + 1] &<< 1) &<< (63 - shift)
  }

  private mutating func look(at input: RowBytes.Buffer, from offset: Int) {
    start = offset
    end = offset
    var block = 0
    while block < blocks, let text = input.row(at: end) {
      words[block] = ByteWindow(text, at: 0).stops
      end += ByteWindow.size
      block += 1
    }
    blocks = min(2 * blocks, Self.mostBlocks)
  }
}
