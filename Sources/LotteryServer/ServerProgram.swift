import Glibc
import LotteryProtocol
import ProcessSupport
/// The server's program.
public enum ServerProgram {
  /// Runs it, configured by the environment, and returns its exit status.
  public static func main() async -> Int32 {
    func env(_ k: String) -> String? { getenv(k).map { String(cString: $0) } }
    var c = ServerConfiguration()
    c.port = UInt16(env("SERVER_PORT") ?? "") ?? 12345
    c.agencies = UInt32(env("SERVER_AGENCIES") ?? "") ?? 5
    c.dataDirectory = env("SERVER_DATA_DIR") ?? "."
    c.listenBacklog = Int32(env("SERVER_LISTEN_BACKLOG") ?? "") ?? 128
    SignalWatcher.ignoreBrokenPipes()
    let log = Log(layout: .python, level: .info)
    let server: Server
    do throws(ServerError) { server = try Server(c, log: log) { _ in } } catch {
      print(error); return 1
    }
    let task = Task(executorPreference: Worker(label: "server")) { await server.run() }
    let w = SignalWatcher(SignalWatcher.termination) { _ in task.cancel() }
    await task.value
    _ = w
    log.flush()
    return 0
  }
}
