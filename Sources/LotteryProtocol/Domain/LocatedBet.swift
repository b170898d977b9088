/// A valid bet whose texts still lie in the bytes that it was read from.
///
/// This is how bets pass through both programs: nothing is allocated and nothing copied until the
/// texts are written to where they go. The ranges are offsets into those bytes and mean nothing
/// without them.
public struct LocatedBet: Hashable, Sendable {
  /// Where the first name lies.
  public let firstName: Range<Int>
  /// Where the last name lies.
  public let lastName: Range<Int>
  /// Where the document lies.
  public let document: Range<Int>
  /// The day the person was born.
  public let birthdate: CalendarDate
  /// The number that was bet on.
  public let number: UInt32

  /// Finds a bet in `bytes`.
  ///
  /// - Parameter allowsNUL: whether names may hold NUL, as in what an older server stored.
  /// - Throws: the first field that breaks its rule.
  init(
    firstName: Range<Int>, lastName: Range<Int>, document: Range<Int>,
    birthdate: CalendarDate, number: UInt32, in bytes: Span<UInt8>, allowsNUL: Bool = false
  ) throws(BetRuleViolation) {
    try BetRules.check(text: bytes.extracting(firstName), as: .firstName, allowsNUL: allowsNUL)
    try BetRules.check(text: bytes.extracting(lastName), as: .lastName, allowsNUL: allowsNUL)
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
