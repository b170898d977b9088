import Testing

import ProcessSupport

@Suite("What a log line says")
struct LogLineTests {
  @Test(
    "An action and its result come first",
    arguments: [
      (.success, "action: receive_message | result: success"),
      (.fail, "action: receive_message | result: fail"),
      (.inProgress, "action: receive_message | result: in_progress"),
    ] as [(LogLine.Result, String)])
  func result(result: LogLine.Result, expected: String) {
    #expect(LogLine("receive_message", result).text == expected)
  }

  @Test("Fields follow in the order in which they are given")
  func fields() {
    let line = LogLine("apuesta_almacenada", .success, ["dni": "007", "numero": "2201", "a": ""])
    #expect(
      line.text
        == "action: apuesta_almacenada | result: success | dni: 007 | numero: 2201 | a: ")
  }

  @Test(
    "A value cannot end its field or the line",
    arguments: [
      ("a | result: fail", "a \\u{7C} result: fail"), ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"),
      ("a\\nb", "a\\\\nb"), ("\u{1B}[2J", "\\u{1B}[2J"), ("a\u{2028}b", "a\\u{2028}b"),
      ("Ñandú 🎲", "Ñandú 🎲"),
    ])
  func escaped(value: String, expected: String) {
    let line = LogLine("receive_message", .success, ["msg": value])
    #expect(line.text == "action: receive_message | result: success | msg: " + expected)
  }
}
