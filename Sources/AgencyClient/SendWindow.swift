/// The batches in flight: sent, and not acknowledged yet.
struct SendWindow {
  /// The most batches in flight.
  let size: Int
  /// At most `size` batches, in the order in which they were sent. Their ends strictly grow.
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

  /// Removes the batches that a STORED with this number acknowledges. STORED is cumulative.
  ///
  /// - Returns: the removed batches, or nil if no batch in flight ends there.
  mutating func acknowledge(_ stored: UInt64) -> ArraySlice<AgencyFile.Batch>? {
    let count = inFlight.prefix { $0.end <= stored }.count
    guard count > 0, inFlight[count - 1].end == stored else { return nil }
    defer { inFlight.removeFirst(count) }
    return inFlight[..<count]
  }
}
