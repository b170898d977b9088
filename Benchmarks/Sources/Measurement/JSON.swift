/// A JSON document, to be written (RFC 8259).
public indirect enum JSON: Sendable {
  case text(String)
  /// Must be finite.
  case number(Double)
  case boolean(Bool)
  case array([JSON])
  /// Members in the order in which they are to be written.
  case object(KeyValuePairs<String, JSON>)

  /// The document, on indented lines; arrays of plain values on one.
  public var description: String {
    var output = ""
    write(to: &output, indentation: "")
    return output + "\n"
  }

  private var isPlain: Bool {
    switch self {
    case .text, .number, .boolean: true
    case .array, .object: false
    }
  }

  private func write(to output: inout String, indentation: String) {
    switch self {
    case .text(let text): output += Self.quoted(text)
    case .number(let number):
      precondition(number.isFinite, "JSON has no such number")
      output += "\(number)"
    case .boolean(let value): output += "\(value)"
    case .array(let values) where values.allSatisfy(\.isPlain):
      let texts = values.map { value in
        var text = ""
        value.write(to: &text, indentation: "")
        return text
      }
      output += "[" + texts.joined(separator: ", ") + "]"
    case .array(let values):
      Self.writeLines(values, "[", "]", to: &output, indentation) { value, output, indentation in
        value.write(to: &output, indentation: indentation)
      }
    case .object(let members):
      Self.writeLines(members, "{", "}", to: &output, indentation) { member, output, indentation in
        output += Self.quoted(member.key) + ": "
        member.value.write(to: &output, indentation: indentation)
      }
    }
  }

  private static func writeLines<Items: Collection>(
    _ items: Items, _ opening: String, _ closing: String, to output: inout String,
    _ indentation: String, _ write: (Items.Element, inout String, String) -> Void
  ) {
    output += opening
    var separator = "\n"
    for item in items {
      output += separator + indentation + "  "
      write(item, &output, indentation + "  ")
      separator = ",\n"
    }
    output += "\n" + indentation + closing
  }

  private static func quoted(_ text: String) -> String {
    var output = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output + "\""
  }
}
