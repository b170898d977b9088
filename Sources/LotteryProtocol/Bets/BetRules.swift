/// The rules of a valid bet, for the wire, for CSV files and for ``Bet``
/// (`PROTOCOL.md`, A bet).
enum BetRules {
  /// Throws unless `text` is valid UTF-8 that a text of the protocol can carry, without NUL: Python
  /// before 3.11 refuses to read a line with one.
  static func check(
    text: Span<UInt8>, as field: BetRuleViolation.Field
  ) throws(BetRuleViolation) {
    guard text.count <= ProtocolLimits.textSize else {
      throw BetRuleViolation(
        field, value: text, rule: "at most \(ProtocolLimits.textSize) bytes long")
    }
    if text.isPlainASCII { return }
    guard text.isValidUTF8 else {
      throw BetRuleViolation(field, value: text, rule: "valid UTF-8")
    }
    guard text.firstIndex(of: 0) == nil else {
      throw BetRuleViolation(field, value: text, rule: "free of NUL")
    }
  }

  /// Throws unless `document` is 1 to 20 ASCII digits.
  static func check(document: Span<UInt8>) throws(BetRuleViolation) {
    let digits = ProtocolLimits.documentDigits
    guard digits.contains(document.count), document.allDigits else {
      throw BetRuleViolation(
        .document, value: document, rule: "\(digits.lowerBound) to \(digits.upperBound) digits")
    }
  }

  // The rules of fields without a check of their own here, as messages state them.
  static let birthdate = "a date that exists, written YYYY-MM-DD"
  static let agency = "a whole number from 1 to \(UInt32.max)"
  static let number = "a whole number from 0 to \(UInt32.max)"
}

/// A bet that is not valid because one of its fields breaks its rule.
///
/// The bet is at fault, never the connection that carries it.
public struct BetRuleViolation: Error, Hashable, Sendable {
  /// A field of a bet. The raw value is its name in messages.
  public enum Field: String, Sendable {
    case agency
    case firstName = "first name"
    case lastName = "last name"
    case document
    case birthdate
    case number
  }

  /// The first field that breaks its rule. Those after it are not checked.
  public let field: Field
  /// What it held, escaped for one line of a log and cut to ``valueLimit`` characters.
  public let value: String
  /// The words after "must be" in ``description``.
  public let rule: String

  /// A violation by the given bytes, which need not be valid UTF-8.
  package init(_ field: Field, value: Span<UInt8>, rule: String) {
    self.field = field
    self.value = PrintableText.escaped(value, limit: Self.valueLimit)
    self.rule = rule
  }

  package init(_ field: Field, value: String, rule: String) {
    self.init(field, value: value.utf8.span, rule: rule)
  }

  /// Characters of the value that are shown: a violation must fit the reason of REJECTED.
  private static let valueLimit = 60
}

extension BetRuleViolation: CustomStringConvertible {
  /// One line that a person can act on.
  public var description: String { "\(field.rawValue) \"\(value)\": must be \(rule)" }
}
