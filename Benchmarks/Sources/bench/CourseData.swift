import Glibc

/// The files of the course's five agencies, or files of the same sizes with made-up bets.
struct CourseData {
  let files: [String]

  /// Where the course's data may lie, seen from the repository's root.
  private static let archives = ["../shared/data/dataset.zip", ".data/dataset.zip"]

  /// Unpacks or makes up the files.
  init(_ bench: Bench) throws(BenchError) {
    let directory = try bench.emptyDirectory("course")
    let log = directory + "/unpack.log"
    if let archive = Self.archives.first(where: { access($0, R_OK) == 0 }) {
      try bench.processes.run("python3", ["-m", "zipfile", "-e", archive, directory], log: log)
    }
    // Keeps what is there.
    try bench.processes.run("scripts/generate-data.sh", [directory], log: log)
    files = (1...5).map { "\(directory)/agency-\($0).csv" }
  }
}
