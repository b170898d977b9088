import Glibc
import LotteryProtocol
import ProcessSupport
/// The agency's program.
public enum ClientProgram {
  /// Runs it, configured by the environment, and returns its exit status.
  public static func main() async -> Int32 {
    func env(_ k: String) -> String? { getenv(k).map { String(cString: $0) } }
    guard let id = UInt32(env("CLI_ID") ?? ""),
      let address = Endpoint(env("CLI_SERVER_ADDRESS") ?? "")
    else { return 78 }
    let c = ClientConfiguration(
      serverAddress: address,
      dataFile: env("CLI_DATA_FILE") ?? ".data/agency-\(id).csv")
    SignalWatcher.ignoreBrokenPipes()
    let log = Log(layout: .go, level: .info)
    let worker = Worker(label: "agency")
    let task = Task(executorPreference: worker) { () -> Int32 in
      do throws(AgencyError) {
        try await LotteryMode(configuration: c, agency: id, worker: worker, log: log).run();
        return 0
      } catch { print(error); return 1 }
    }
    let w = SignalWatcher(SignalWatcher.termination) { _ in task.cancel() }
    let s = await task.value
    _ = w
    log.flush()
    return s
  }
}
