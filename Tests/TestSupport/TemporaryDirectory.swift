package import Foundation

/// A directory for the files of one test, removed with this object.
package final class TemporaryDirectory: Sendable {
  package let path: String

  /// A new, empty directory. Without one there is no test.
  ///
  /// - Parameter isInMemory: whether its files lie in memory, if the machine has a file system for
  ///   that.
  package init(isInMemory: Bool = false) {
    let memory = "/dev/shm"
    let parent =
      isInMemory && access(memory, W_OK) == 0
      ? URL(filePath: memory) : FileManager.default.temporaryDirectory
    path = parent.appending(path: "lottery-\(UUID().uuidString)").path()
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    } catch {
      fatalError("\(path): \(error)")
    }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  package func file(_ name: String) -> String { "\(path)/\(name)" }

  package func read(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: file(name))))
  }

  /// Writes the file called `name`, replacing it.
  package func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    try Data(bytes).write(to: URL(filePath: file(name)))
  }

  /// Writes a file that holds `text`, and returns its path.
  package func path(of name: String, holding text: String) throws -> String {
    try write(text.utf8, to: name)
    return file(name)
  }
}

/// Where the tests find what is not Swift.
package enum Repository {
  /// The top of the repository.
  package static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .standardizedFileURL
}
