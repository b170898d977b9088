/// What a value must be, in words and in code.
package struct ValueRule<Value>: Sendable {
  /// What follows "must be".
  let text: String
  /// The value that a text writes, or nil where it writes none.
  let parse: @Sendable (String) -> Value?

  /// A rule of its own.
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
      // `Int("+5")` is 5: more than the rule says.
      guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let value = Value(text), range.contains(value)
      else { return nil }
      return value
    }
  }
}

extension ValueRule where Value == Duration {
  /// A duration as Go writes it.
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
  /// One of a few words.
  package static var word: Self {
    let words = Value.allCases.map(\.rawValue)
    return Self("one of " + words.joined(separator: ", ")) { Value(rawValue: $0.lowercased()) }
  }
}
