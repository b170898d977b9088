import ProcessSupport

/// What is read as a duration is written as a text that is read as the same duration.
func fuzzDuration(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let duration = Duration(goText: text) else { return }
  let written = duration.goText
  expectEqual(Duration(goText: written), duration, "\(text) is written \(written)")
  expectEqual(Duration(goText: written)?.goText, written, "written twice")
  if duration > .zero {
    expectEqual(Duration(goText: "-" + written), .zero - duration, "the sign of \(written)")
  }
}
