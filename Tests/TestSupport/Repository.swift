public import Foundation

/// Where the tests find what is not Swift.
public enum Repository {
  /// The top of the repository.
  public static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .standardizedFileURL
}
