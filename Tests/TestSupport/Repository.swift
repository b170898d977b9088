package import Foundation

/// Where the tests find what is not Swift.
package enum Repository {
  /// The top of the repository.
  package static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .standardizedFileURL
}
