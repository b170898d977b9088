import BenchmarkData
import Glibc
import LotteryProtocol

extension Bench {
  /// The path of an agency's file of that many made-up bets, which all agencies may share.
  func agencyFile(bets: Int) throws(BenchError) -> String {
    let path = "\(workDirectory)/agency-\(bets).csv"
    if access(path, R_OK) == 0 { return path }
    try BenchError.naming(path) { () throws(SystemError) in
      try BetFiles.writeAgency(path, rows: bets)
    }
    return path
  }
}
