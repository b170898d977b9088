import Testing

import ProcessSupport

/// What a log line says.
@Suite struct LogLineTests {
  @Test(
    arguments: [
      (.success, "action: receive_message | result: success"),
      (.fail, "action: receive_message | result: fail"),
      (.inProgress, "action: receive_message | result: in_progress"),
    ] as [(LogLine.Result, String)])
  func `an action and its result come first`(result: LogLine.Result, expected: String) {
    #expect(LogLine("receive_message", result).text == expected)
  }

  @Test func `fields follow in the order in which they are given`() {
    let line = LogLine("apuesta_almacenada", .success, ["dni": "007", "numero": "2201", "a": ""])
    #expect(
      line.text
        == "action: apuesta_almacenada | result: success | dni: 007 | numero: 2201 | a: ")
  }

  @Test(arguments: [
    ("a | result: fail", "a \\u{7C} result: fail"), ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"),
    ("a\\nb", "a\\\\nb"), ("\u{1B}[2J", "\\u{1B}[2J"), ("a\u{2028}b", "a\\u{2028}b"),
    ("Ñandú 🎲", "Ñandú 🎲"),
  ])
  func `a value cannot end its field or the line`(value: String, expected: String) {
    let line = LogLine("receive_message", .success, ["msg": value])
    #expect(line.text == "action: receive_message | result: success | msg: " + expected)
  }
}
