import Foundation

/// A directory for one test, gone when the test is.
final class TemporaryDirectory: Sendable {
  private let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  /// The path of a file or directory in it.
  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Makes a file that holds `text`, and returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: url.appendingPathComponent(name))
    return path(name)
  }
}
