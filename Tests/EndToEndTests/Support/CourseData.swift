import Foundation
import TestSupport
import Testing

/// The course's data set, which is not part of the repository.
enum CourseData {
  private static let archive = Repository.root
    .appending(path: "../shared/data/dataset.zip").standardizedFileURL.path()

  /// Whether it lies where the course's tools put it.
  static let isThere = FileManager.default.fileExists(atPath: archive)

  /// Whether a program is installed that unpacks it.
  static let canBeUnpacked = isInstalled("unzip", "-v") || isInstalled("python3", "--version")

  /// Writes the files of its five agencies.
  static func unpack(into directory: TemporaryDirectory) throws {
    let process =
      if isInstalled("unzip", "-v") {
        try ChildProcess("unzip", ["-q", archive, "-d", directory.path])
      } else {
        try ChildProcess("python3", ["-m", "zipfile", "-e", archive, directory.path])
      }
    try #require(process.wait { _ in } == .exit(0))
  }

  private static func isInstalled(_ program: String, _ argument: String) -> Bool {
    let process = try? ChildProcess(program, [argument], joinsErrors: true)
    return process?.wait { _ in } == .exit(0)
  }
}
