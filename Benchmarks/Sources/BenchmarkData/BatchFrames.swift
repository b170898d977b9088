public import LotteryProtocol

/// The BATCH frames of an agency's file, made as the agency makes them.
public enum BatchFrames {
  /// Why there are no frames.
  public enum Failure: Error, CustomStringConvertible {
    /// The file cannot be opened.
    case unreadable(SystemError)
    /// Nor be read to its end, or a row is no bet.
    case badFile(line: Int, CSVFile.Failure)

    /// One line that a person can act on.
    public var description: String {
      switch self {
      case .unreadable(let error): "\(error)"
      case .badFile(let line, let error): "line \(line): \(error)"
      }
    }
  }

  /// Goes through the file at `path`.
  ///
  /// - Parameters:
  ///   - maxAmount: the most bets in a batch.
  ///   - take: is called behind each batch with all frames that it has left where they are, the
  ///     new one being the last, and with how many bets the new one holds.
  /// - Returns: how many bets there are.
  @discardableResult
  public static func forEach(
    inFile path: String, maxAmount: Int, _ take: (inout [UInt8], Int) -> Void
  ) throws(Failure) -> UInt64 {
    var file = try open(path)
    var builder = BatchBuilder(maxAmount: maxAmount)
    var frames: [UInt8] = []
    var offset: UInt64 = 0
    while let bet = try nextBet(of: &file) {
      let bytes = file.storage
      if !builder.hasRoom(for: bet, in: frames) {
        let count = builder.finish(&frames)
        offset += UInt64(count)
        take(&frames, count)
      }
      builder.append(bet, in: bytes.span, offset: offset, to: &frames)
    }
    let count = builder.finish(&frames)
    if count > 0 { take(&frames, count) }
    return offset + UInt64(count)
  }

  private static func open(_ path: String) throws(Failure) -> CSVFile {
    do throws(SystemError) {
      return try CSVFile(path: path, lastRow: .whole)
    } catch {
      throw .unreadable(error)
    }
  }

  private static func nextBet(of file: inout CSVFile) throws(Failure) -> LocatedBet? {
    do throws(CSVFile.Failure) {
      return try file.nextBet(hasAgency: false)?.bet
    } catch {
      throw .badFile(line: file.line, error)
    }
  }
}
