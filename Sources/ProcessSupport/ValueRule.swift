package import LotteryProtocol

package struct ValueRule<Value>: Sendable {
  /// The words after "must be" in the error message.
  let text: String
  /// The text of a value, which is parsed as that value.
  let format: @Sendable (Value) -> String
  /// Parses a value. Nil if it breaks the rule. Only a path need not be UTF-8.
  let parse: @Sendable ([UInt8]) -> Value?
}

extension ValueRule {
  /// A rule that is described by `text` and checked by `parse`.
  package init(
    _ text: String, format: @escaping @Sendable (Value) -> String = { "\($0)" },
    parse: @escaping @Sendable (String) -> Value?
  ) {
    self.init(text: text, format: format) { bytes in
      String(validating: bytes, as: UTF8.self).flatMap(parse)
    }
  }
}

extension ValueRule where Value == String {
  package static var text: Self { Self("a text") { $0 } }
}

extension ValueRule where Value == Path {
  package static var path: ValueRule<Path> {
    Self(text: "a path", format: \.description) { Path(bytes: $0) }
  }
}

extension ValueRule where Value == Path? {
  /// A file, or none if it is not set.
  package static func file(_ text: String) -> ValueRule<Path?> {
    Self(text: text, format: { $0?.description ?? "" }) { bytes in
      bytes.isEmpty ? .none : .some(Path(bytes: bytes))
    }
  }
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
    return Self("a duration \(limits), like 5s, 250ms or 1m30s", format: \.goText) { text in
      Duration(goText: text).flatMap { range.contains($0) ? $0 : nil }
    }
  }
}

extension ValueRule where Value == LogLevel {
  package static var logLevel: Self {
    Self("one of DEBUG, INFO, WARNING, ERROR, CRITICAL", format: \.name) { LogLevel(name: $0) }
  }
}

extension ValueRule where Value: RawRepresentable<String> & CaseIterable & SendableMetatype {
  /// One of the words that are raw values of `Value`.
  package static var word: Self {
    let words = Value.allCases.map(\.rawValue)
    return Self("one of " + words.joined(separator: ", "), format: \.rawValue) {
      Value(rawValue: $0.lowercased())
    }
  }
}
