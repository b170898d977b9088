/// One bet of one person. A `Bet` that exists keeps every rule.
///
/// It does not name its agency: on the wire that is the connection's, and in `bets.csv` it stands
/// in front of the bet.
public struct Bet: Hashable, Sendable {
  /// At most 255 bytes of UTF-8.
  public let firstName: String
  /// At most 255 bytes of UTF-8.
  public let lastName: String
  /// 1 to 20 digits, leading zeros kept.
  public let document: String
  /// A day that exists.
  public let birthdate: CalendarDate
  /// The number that was bet on. All 32-bit numbers are valid.
  public let number: UInt32

  /// A bet of the given fields.
  ///
  /// - Throws: the first field that breaks its rule.
  public init(
    firstName: String, lastName: String, document: String,
    birthdate: CalendarDate, number: UInt32
  ) throws(BetRuleViolation) {
    try BetRules.check(text: firstName.utf8.span, as: .firstName)
    try BetRules.check(text: lastName.utf8.span, as: .lastName)
    try BetRules.check(document: document.utf8.span)
    self.firstName = firstName
    self.lastName = lastName
    self.document = document
    self.birthdate = birthdate
    self.number = number
  }

  /// Whether both are the same bet, byte for byte.
  ///
  /// Strings are equal if they look the same: `é` in one scalar and in two. Files hold bytes.
  public static func == (left: Bet, right: Bet) -> Bool {
    left.birthdate == right.birthdate && left.number == right.number
      && left.document.utf8.span.isEqual(to: right.document.utf8.span)
      && left.lastName.utf8.span.isEqual(to: right.lastName.utf8.span)
      && left.firstName.utf8.span.isEqual(to: right.firstName.utf8.span)
  }

  /// A bet whose date and number are still text, as a person or an environment variable gives them.
  ///
  /// - Throws: the first field that breaks its rule.
  public init(
    firstName: String, lastName: String, document: String,
    birthdate: String, number: String
  ) throws(BetRuleViolation) {
    guard let date = CalendarDate(iso: birthdate.utf8.span) else {
      throw BetRuleViolation(.birthdate, value: birthdate, rule: BetRules.birthdate)
    }
    guard let value = UInt32(decimal: number.utf8.span) else {
      throw BetRuleViolation(.number, value: number, rule: BetRules.number)
    }
    try self.init(
      firstName: firstName, lastName: lastName, document: document, birthdate: date,
      number: value)
  }

  /// A copy of the bet that `view` finds in `bytes`.
  public init(_ view: BetView, in bytes: Span<UInt8>) {
    self.firstName = String(repairing: bytes.extracting(view.firstName))
    self.lastName = String(repairing: bytes.extracting(view.lastName))
    self.document = String(repairing: bytes.extracting(view.document))
    self.birthdate = view.birthdate
    self.number = view.number
  }
}

/// A valid bet whose texts are still in the bytes that it was read from.
///
/// This is how bets pass through both programs: nothing is allocated or copied until the texts are
/// written to their destination. The ranges are offsets into those bytes and mean nothing without
/// them.
public struct BetView: Hashable, Sendable {
  /// Where at most 255 bytes of UTF-8 lie.
  public let firstName: Range<Int>
  /// Where at most 255 bytes of UTF-8 lie.
  public let lastName: Range<Int>
  /// Where 1 to 20 digits lie.
  public let document: Range<Int>
  /// Decoded, unlike the texts.
  public let birthdate: CalendarDate
  /// Decoded, unlike the texts.
  public let number: UInt32

  /// Finds a bet in `bytes`.
  ///
  /// - Throws: the first field that breaks its rule.
  init(
    firstName: Range<Int>, lastName: Range<Int>, document: Range<Int>,
    birthdate: CalendarDate, number: UInt32, in bytes: Span<UInt8>
  ) throws(BetRuleViolation) {
    try BetRules.check(text: bytes.extracting(firstName), as: .firstName)
    try BetRules.check(text: bytes.extracting(lastName), as: .lastName)
    try BetRules.check(document: bytes.extracting(document))
    self.init(
      checked: (firstName, lastName, document), birthdate: birthdate, number: number)
  }

  /// A bet whose texts keep their rules.
  init(
    checked texts: (firstName: Range<Int>, lastName: Range<Int>, document: Range<Int>),
    birthdate: CalendarDate, number: UInt32
  ) {
    self.firstName = texts.firstName
    self.lastName = texts.lastName
    self.document = texts.document
    self.birthdate = birthdate
    self.number = number
  }
}
