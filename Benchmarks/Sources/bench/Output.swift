import Glibc
import LotteryProtocol

/// Where the figures go.
enum Output {
  /// Not kept in the repository.
  static let directory = "Benchmarks/results"

  /// Tells the operator what goes on, apart from the results.
  static func progress(_ text: String) {
    put(text + "\n", to: STDERR_FILENO)
  }

  /// Prints a result.
  static func result(_ text: String) {
    put(text + "\n", to: STDOUT_FILENO)
  }

  /// Whether anybody reads it is the operator's affair.
  private static func put(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }

  /// Writes `text` to `name` in ``directory``.
  static func write(_ text: String, to name: String) throws(BenchError) {
    let path = "\(directory)/\(name)"
    try BenchError.naming(path) { () throws(SystemError) in
      if mkdir(directory, 0o755) != 0, errno != EEXIST {
        throw SystemError("mkdir", code: errno)
      }
      let file = try File(appending: path)
      defer { file.close() }
      try file.truncate(to: 0)
      try file.write(Array(text.utf8).span)
    }
  }
}
