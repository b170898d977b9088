@testable import LotteryProtocol

/// A stream is cut into the same frames however it arrives, and a message that was decoded is
/// encoded as the bytes that it was decoded from.
func fuzzFrames(_ bytes: [UInt8]) {
  let whole = Frames(bytes, pieces: [bytes.count])
  expectEqual(whole, Frames(cutting: bytes), "as the contract says")
  let first = Int(bytes.first ?? 0)
  expectEqual(whole, Frames(bytes, pieces: [1]), "byte by byte")
  expectEqual(whole, Frames(bytes, pieces: [first + 1, 1, 7]), "in pieces")
  // Only few inputs are frames; their contents are worth as much.
  for frame in whole.frames + [bytes] {
    checkAgencyMessage(frame)
    checkServerMessage(frame)
  }
}

/// The frames of a stream, up to its end or its first error.
private struct Frames: Equatable {
  var frames: [[UInt8]] = []
  var error: WireError?
  /// Bytes at the end of the stream that are no whole frame.
  var rest = 0

  /// Cuts up `bytes` as `PROTOCOL.md` says it: a length of four bytes, then as many bytes.
  init(cutting bytes: [UInt8]) {
    var unread = bytes[...]
    while unread.count >= 4, error == nil {
      let length = unread.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
      if !(1...7996).contains(length) { error = .frameLength(length) }
      guard error == nil, unread.count >= 4 + Int(length) else { break }
      frames.append(Array(unread.dropFirst(4).prefix(Int(length))))
      unread = unread.dropFirst(4 + Int(length))
    }
    rest = error == nil ? unread.count : 0
  }

  /// Cuts up `bytes`, which arrive in pieces of these sizes, over and over.
  init(_ bytes: [UInt8], pieces: [Int]) {
    var buffer = InputBuffer(capacity: ProtocolLimits.packetSize)
    var position = 0
    var piece = 0
    do throws(WireError) {
      while position < bytes.count {
        let end = min(bytes.count, position + max(1, pieces[piece % pieces.count]))
        piece += 1
        position += buffer.append(copying: bytes.span.extracting(position..<end))
        while let frame = try buffer.nextFrame() {
          frames.append(Array(frame))
          if frames.count.isMultiple(of: 3) { buffer.shrink() }
          buffer.releaseIfEmpty()
        }
        expectEqual(buffer.isFull, false, "a packet larger than \(ProtocolLimits.packetSize)")
      }
      rest = buffer.unread.count
    } catch {
      self.error = error
    }
  }
}

private func checkAgencyMessage(_ frame: [UInt8]) {
  guard frame.count <= ProtocolLimits.frameLength.upperBound,
    let message = try? AgencyMessage(frame: frame.span)
  else { return }
  // Of another version nothing but its number is known.
  if case .otherVersion = message { return }
  var encoded: [UInt8] = []
  message.append(to: &encoded, in: frame.span)
  expectEqual(withoutHeader(encoded), frame[...], "encoded anew")
  guard case .bets(let batch) = message else { return }
  expectSameRows(batch, in: frame)
  if let bets = goodBets(batch, in: frame) { checkSent(bets, as: batch, in: frame) }
}

private func checkServerMessage(_ frame: [UInt8]) {
  guard frame.count <= ProtocolLimits.frameLength.upperBound,
    let message = try? ServerMessage(frame: frame.span)
  else { return }
  var encoded: [UInt8] = []
  message.append(to: &encoded)
  expectEqual(withoutHeader(encoded), frame[...], "encoded anew")
}

private func withoutHeader(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
  bytes.dropFirst(ProtocolLimits.frameHeaderSize)
}

/// The bets of the batch, or nil if one of them is bad.
private func goodBets(_ batch: BetBatch, in frame: [UInt8]) -> [BetView]? {
  var bets: [BetView] = []
  let outcome = Result { () throws(WireError) in
    try batch.forEachBet(in: frame.span) { index, bet in
      expectEqual(index, bets.count, "bets out of order")
      bets.append(bet)
    }
  }
  return outcome == .success(nil) ? bets : nil
}

/// An agency that sends these bets sends this frame.
private func checkSent(_ bets: [BetView], as batch: BetBatch, in frame: [UInt8]) {
  var sent: [UInt8] = []
  if batch.isSingle {
    BetBatch.appendSingle(Bet(bets[0], in: frame.span), offset: batch.offset, to: &sent)
  } else {
    var builder = BatchBuilder(maxAmount: ProtocolLimits.batchCount.upperBound)
    for bet in bets {
      expectEqual(builder.hasRoom(for: bet, in: sent), true, "room for a bet that was there")
      builder.append(bet, in: frame.span, offset: batch.offset, to: &sent)
    }
    expectEqual(builder.finish(&sent), batch.count, "another number of bets")
  }
  expectEqual(withoutHeader(sent), frame[...], "encoded by an agency")
}

/// The fast path and its specification: for numbers of agencies from the shortest to the longest,
/// and when the first bets are known.
private func expectSameRows(_ batch: BetBatch, in frame: [UInt8]) {
  for (agency, known) in [(7, 0), (77, batch.count), (.max, 1)] as [(UInt32, Int)] {
    var (general, fast, lastGeneral, lastFast) = ([7 as UInt8], [7 as UInt8], 0, 0)
    let expected = Result { () throws(WireError) in
      try batch.forEachBet(after: known, in: frame.span) { _, bet in
        lastGeneral = general.count
        general.append(csvRow: bet, agency: agency, in: frame.span)
      }
    }
    let found = Result { () throws(WireError) in
      try batch.appendRows(
        of: agency, after: known, in: frame.span, to: &fast, lastRow: &lastFast)
    }
    expectEqual(found, expected, "another outcome on the fast path")
    guard case .success(nil) = expected else { continue }
    expectEqual(fast, general, "other rows on the fast path")
    expectEqual(lastFast, lastGeneral, "another last row on the fast path")
  }
}
