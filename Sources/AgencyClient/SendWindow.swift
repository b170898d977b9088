/// The batches that have been sent and not answered yet.
struct SendWindow {
  /// The most batches in flight.
  let size: Int
  private var inFlight: [AgencyFile.Batch] = []

  /// An empty window of `size` batches, at least one.
  init(size: Int) {
    self.size = size
  }

  /// Batches in flight.
  var count: Int { inFlight.count }
  var isEmpty: Bool { inFlight.isEmpty }
  var isFull: Bool { inFlight.count >= size }

  /// Notes that a batch has been sent.
  mutating func add(_ batch: AgencyFile.Batch) {
    inFlight.append(batch)
  }

  /// Takes out the batches that STORED with this number answers: it is cumulative.
  ///
  /// - Returns: them, or nil where the server cannot have stored so many.
  mutating func acknowledge(_ stored: UInt64) -> ArraySlice<AgencyFile.Batch>? {
    let count = inFlight.prefix { $0.end <= stored }.count
    guard count > 0, inFlight[count - 1].end == stored else { return nil }
    defer { inFlight.removeFirst(count) }
    return inFlight[..<count]
  }
}
