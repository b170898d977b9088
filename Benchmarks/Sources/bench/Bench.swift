import Glibc
import LotteryProtocol

/// What all scenarios need: how much to do, where the programs are, and room for their files.
struct Bench {
  let options: Options
  let processes = Processes()
  /// Where `lottery-server` and `agency-client` are; the bench is run from the repository's root.
  let lotteryPrograms = ".build/release"
  /// Where `copier` and the others are: next to this program.
  let ownPrograms: String
  /// On the disk that the repository is on, for what is synced must be synced to a real one.
  let workDirectory = "Benchmarks/.run"

  init(_ options: Options) {
    self.options = options
    let own = CommandLine.arguments[0]
    ownPrograms = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
  }

  /// `full`, or `quick` where not much time is to be spent.
  func amount(_ full: Int, quick: Int) -> Int {
    options.isQuick ? quick : full
  }

  /// Makes the directory `name` anew, empty, and returns its path.
  func emptyDirectory(_ name: String) throws(BenchError) -> String {
    let path = "\(workDirectory)/\(name)"
    try remove(path)
    try makeDirectory(path)
    return path
  }

  /// Makes the directory that everything else lies in, without what an earlier bench has left.
  func begin() throws(BenchError) {
    try remove(workDirectory)
    try makeDirectory(workDirectory)
  }

  /// Ends all programs and removes their files.
  func end() {
    processes.killAll()
    try? remove(workDirectory)
  }

  private func makeDirectory(_ path: String) throws(BenchError) {
    try BenchError.naming(path) { () throws(SystemError) in
      _ = try SystemError.check("mkdir") { mkdir(path, 0o755) }
    }
  }

  private func remove(_ path: String) throws(BenchError) {
    try processes.run("rm", ["-rf", path], log: "/dev/null")
  }
}
