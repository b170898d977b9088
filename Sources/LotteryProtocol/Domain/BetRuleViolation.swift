/// A bet that cannot be taken, because one of its fields breaks its rule.
///
/// That is the fault of whoever wrote the bet, never of the connection that carries it.
public struct BetRuleViolation: Error, Hashable, Sendable {
  /// The parts of a bet, named as a person would.
  public enum Field: String, Sendable {
    case agency
    case firstName = "first name"
    case lastName = "last name"
    case document
    case birthdate
    case number
  }

  /// The field that is wrong.
  public let field: Field
  /// What it held, made fit for one line of a log and cut to a bearable length.
  public let value: String
  /// The rule that it breaks.
  public let rule: String

  /// A violation by the given bytes, which need not be valid UTF-8.
  public init(_ field: Field, value: Span<UInt8>, rule: String) {
    self.field = field
    self.value = PrintableText.escaped(value, limit: Self.valueLimit)
    self.rule = rule
  }

  /// A violation by the given value.
  public init(_ field: Field, value: String, rule: String) {
    self.init(field, value: value.utf8.span, rule: rule)
  }

  /// Characters of the value that are shown: a violation must fit the reason of REJECTED.
  private static let valueLimit = 60
}

extension BetRuleViolation: CustomStringConvertible {
  /// One line that a person can act on.
  public var description: String { "\(field.rawValue) \"\(value)\": must be \(rule)" }
}
