import Synchronization

/// A number that many tasks count up.
final class Counter: Sendable {
  private let count = Atomic(0)

  /// How often it was counted up, less how often down.
  var value: Int { count.load(ordering: .sequentiallyConsistent) }

  /// Counts up, and returns the new value.
  @discardableResult
  func up() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }

  /// Counts down.
  func down() { count.subtract(1, ordering: .sequentiallyConsistent) }
}
