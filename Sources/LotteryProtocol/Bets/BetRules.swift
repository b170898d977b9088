/// The rules of a valid bet (`PROTOCOL.md`, A bet).
enum BetRules {
  /// Throws unless `text` is valid UTF-8 that a text of the protocol can carry, without NUL: Python
  /// before 3.11 refuses to read a line with one.
  static func check(
    text: Span<UInt8>, as field: BetRuleViolation.Field
  ) throws(BetRuleViolation) {
    let limit = ProtocolLimits.textSize
    if text.count <= limit, text.isPlainASCII { return }
    let rule =
      switch true {
      case text.count > limit: "at most \(limit) bytes long"
      case !text.isValidUTF8: "valid UTF-8"
      case text.hasNUL: "free of NUL"
      default: nil as String?
      }
    if let rule { throw BetRuleViolation(field, value: text, rule: rule) }
  }

  static func check(document: Span<UInt8>) throws(BetRuleViolation) {
    let digits = ProtocolLimits.documentDigits
    guard digits.contains(document.count), document.allDigits else {
      throw BetRuleViolation(
        .document, value: document, rule: "\(digits.lowerBound) to \(digits.upperBound) digits")
    }
  }

  static func birthdate(_ text: Span<UInt8>) throws(BetRuleViolation) -> CalendarDate {
    guard let date = CalendarDate(iso: text) else {
      throw BetRuleViolation(.birthdate, value: text, rule: birthdate)
    }
    return date
  }

  static func number(_ digits: Span<UInt8>) throws(BetRuleViolation) -> UInt32 {
    guard let number = UInt32(decimal: digits) else {
      throw BetRuleViolation(
        .number, value: digits, rule: "a whole number from 0 to \(UInt32.max)")
    }
    return number
  }

  static func agency(_ digits: Span<UInt8>) throws(BetRuleViolation) -> UInt32 {
    guard let agency = UInt32(decimal: digits), agency > 0 else {
      throw BetRuleViolation(
        .agency, value: digits, rule: "a whole number from 1 to \(UInt32.max)")
    }
    return agency
  }

  static let birthdate = "a date that exists, written YYYY-MM-DD"
}

/// The first field of a bet that breaks its rule. The bet is at fault, never the connection that
/// carries it.
public struct BetRuleViolation: Error, Hashable, Sendable, CustomStringConvertible {
  /// A field of a bet. The raw value is its name in messages.
  public enum Field: String, Sendable {
    case agency
    case firstName = "first name"
    case lastName = "last name"
    case document
    case birthdate
    case number
  }

  /// The first one that breaks its rule.
  public let field: Field
  /// What it held, escaped for one line of a log and cut to ``valueLimit`` characters.
  public let value: String
  /// The words after "must be" in ``description``.
  public let rule: String

  package init(_ field: Field, value: Span<UInt8>, rule: String) {
    self.field = field
    self.value = PrintableText.escaped(value, limit: Self.valueLimit)
    self.rule = rule
  }

  /// Characters of the value that are shown: a violation must fit the reason of REJECTED.
  private static let valueLimit = 60

  /// The field, its value and the rule, in one line.
  public var description: String { "\(field.rawValue) \"\(value)\": must be \(rule)" }
}
