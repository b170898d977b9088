/// Bytes that are not CSV in the dialect of Python's `csv` module with `strict=True`.
public enum CSVError: Error, Hashable, Sendable {
  /// Text stands between a closing quote and the next comma or line end.
  case textAfterQuote
  /// The file ends inside a quoted field.
  case quoteNotClosed
  /// A carriage return outside quotes that no line feed follows.
  case bareCarriageReturn
  /// A row longer than `ProtocolLimits.csvRowSize`.
  case rowTooLong
}

extension CSVError: CustomStringConvertible {
  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .textAfterQuote: "after a closing quote only a comma or the end of the line may follow"
    case .quoteNotClosed: "the file ends inside a quoted field"
    case .bareCarriageReturn: "a carriage return without a line feed must stand in quotes"
    case .rowTooLong: "a row must not be longer than \(ProtocolLimits.csvRowSize) bytes"
    }
  }
}
