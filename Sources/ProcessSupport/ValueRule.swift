/// What a setting must be: in words, for the error message, and as a parser.
package struct ValueRule<Value>: Sendable {
  /// The words after "must be" in the error message.
  let text: String
  /// Parses a text. Nil if it breaks the rule.
  let parse: @Sendable (String) -> Value?

  /// A rule that is described by `text` and checked by `parse`.
  package init(_ text: String, parse: @escaping @Sendable (String) -> Value?) {
    self.text = text
    self.parse = parse
  }
}

extension ValueRule where Value == String {
  /// Any text.
  package static var text: Self { Self("a text") { $0 } }
}

extension ValueRule where Value: FixedWidthInteger & Sendable {
  /// A whole number in plain decimal.
  package static func wholeNumber(_ range: ClosedRange<Value>) -> Self {
    Self("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
      // `Int("+5")` is 5, which the rule does not allow.
      guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let value = Value(text), range.contains(value)
      else { return nil }
      return value
    }
  }
}

extension ValueRule where Value == Duration {
  /// A duration in Go's notation.
  package static func duration(_ range: ClosedRange<Duration>) -> Self {
    let limits = "from \(range.lowerBound.goText) to \(range.upperBound.goText)"
    return Self("a duration \(limits), like 5s, 250ms or 1m30s") { text in
      guard let value = Duration(goText: text), range.contains(value) else { return nil }
      return value
    }
  }
}

extension ValueRule where Value == LogLevel {
  /// The name of a log level.
  package static var logLevel: Self {
    Self("one of DEBUG, INFO, WARNING, ERROR, CRITICAL") { LogLevel(name: $0) }
  }
}

extension ValueRule where Value: RawRepresentable<String> & CaseIterable & SendableMetatype {
  /// One of the words that are raw values of `Value`.
  package static var word: Self {
    let words = Value.allCases.map(\.rawValue)
    return Self("one of " + words.joined(separator: ", ")) { Value(rawValue: $0.lowercased()) }
  }
}
