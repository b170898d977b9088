import LotteryProtocol

/// Why there are no figures.
enum BenchError: Error, CustomStringConvertible {
  case usage(String)
  case system(String, SystemError)
  /// A program did not end as it should; what it said is in its log.
  case failed(program: String, status: Int32, log: String)
  case tooSlow(program: String, Duration, log: String)
  /// A program said something else than expected.
  case unexpected(String)
  case interrupted

  /// One line that a person can act on.
  var description: String {
    switch self {
    case .usage(let reason): reason
    case .system(let what, let error): "\(what): \(error)"
    case .failed(let program, let status, let log): "\(program) ended with \(status): see \(log)"
    case .tooSlow(let program, let limit, let log):
      "\(program) was not done after \(limit): see \(log)"
    case .unexpected(let what): what
    case .interrupted: "interrupted"
    }
  }

  /// Does `work`; an error of the system is said to be one of `what`.
  static func naming<Value: ~Copyable>(
    _ what: String, _ work: () throws(SystemError) -> Value
  ) throws(BenchError) -> Value {
    do throws(SystemError) {
      return try work()
    } catch {
      throw .system(what, error)
    }
  }
}
