/// One bet of one person. A `Bet` that exists keeps every rule (`PROTOCOL.md`, A bet).
///
/// It does not name its agency: on the wire that is the connection's, and in `bets.csv` it stands
/// in front of the bet. Two bets are equal if they are so byte for byte, unlike strings, which are
/// equal if they look the same: `é` in one scalar and in two.
public struct Bet: Hashable, Sendable {
  /// The first name, the last name and the document, one after the other.
  let texts: [UInt8]
  let view: BetView

  /// At most 255 bytes of UTF-8, without NUL.
  public var firstName: String { String(repairing: texts.span.extracting(view.firstName)) }
  /// At most 255 bytes of UTF-8, without NUL.
  public var lastName: String { String(repairing: texts.span.extracting(view.lastName)) }
  /// 1 to 20 digits, leading zeros kept.
  public var document: String { String(repairing: texts.span.extracting(view.document)) }
  /// A day that exists.
  public var birthdate: CalendarDate { view.birthdate }
  /// The number that was bet on. All 32-bit numbers are valid.
  public var number: UInt32 { view.number }

  /// - Throws: the first field that breaks its rule.
  public init(
    firstName: String, lastName: String, document: String,
    birthdate: CalendarDate, number: UInt32
  ) throws(BetRuleViolation) {
    let texts = Array(firstName.utf8) + Array(lastName.utf8) + Array(document.utf8)
    let names = firstName.utf8.count + lastName.utf8.count
    view = try BetView(
      firstName: 0..<firstName.utf8.count, lastName: firstName.utf8.count..<names,
      document: names..<texts.count, birthdate: birthdate, number: number, in: texts.span)
    self.texts = texts
  }

  /// A bet whose date and number are still text, as a person or an environment variable gives them.
  /// - Throws: the first field that breaks its rule.
  public init(
    firstName: String, lastName: String, document: String,
    birthdate: String, number: String
  ) throws(BetRuleViolation) {
    try self.init(
      firstName: firstName, lastName: lastName, document: document,
      birthdate: BetRules.birthdate(birthdate.utf8.span),
      number: BetRules.number(number.utf8.span))
  }

  /// A copy of the bet that `view` finds in `bytes`.
  public init(_ view: BetView, in bytes: Span<UInt8>) {
    let names = view.firstName.count + view.lastName.count
    var texts: [UInt8] = []
    texts.reserveCapacity(names + view.document.count)
    texts.append(copying: bytes.extracting(view.firstName))
    texts.append(copying: bytes.extracting(view.lastName))
    texts.append(copying: bytes.extracting(view.document))
    self.view = BetView(
      checked: (0..<view.firstName.count, view.firstName.count..<names, names..<texts.count),
      birthdate: view.birthdate, number: view.number)
    self.texts = texts
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
  fileprivate init(
    checked texts: (firstName: Range<Int>, lastName: Range<Int>, document: Range<Int>),
    birthdate: CalendarDate, number: UInt32
  ) {
    (firstName, lastName, document) = texts
    self.birthdate = birthdate
    self.number = number
  }
}
