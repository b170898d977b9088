/// The outcome of the draw.
struct Winners: Sendable, Equatable {
  private var documents: [UInt32: [String]] = [:]

  /// The documents of the winners of `agency`, in the order in which their bets were stored.
  func documents(of agency: UInt32) -> [String] {
    documents[agency, default: []]
  }

  /// Adds a winner behind those that `agency` has already.
  mutating func add(_ document: String, of agency: UInt32) {
    documents[agency, default: []].append(document)
  }

  /// Winners of all agencies together.
  var count: Int { documents.values.reduce(0) { $0 + $1.count } }
}
