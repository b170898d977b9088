import Foundation
import TestSupport

/// A server of names that never answers, and programs that ask it. That needs a namespace of mounts
/// with another `/etc/resolv.conf`.
final class SilentNameServer: Sendable {
  static let canBeMade: Bool = {
    let process = try? ChildProcess("unshare", ["--mount", "true"], joinsErrors: true)
    return process?.wait { _ in } == .exit(0) && (try? SilentNameServer()) != nil
  }()

  private let directory = TemporaryDirectory()
  private let socket: Int32

  /// A server at an address 127.0.0.X that nothing else uses.
  init() throws {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.socket = socket
    let hosts = (2...254 as ClosedRange<UInt8>).shuffled()
    guard
      let host = hosts.first(where: { withLoopback(53, host: $0, { bind(socket, $0, $1) }) == 0 })
    else { throw POSIXError(.EADDRINUSE) }
    try directory.write(
      "nameserver 127.0.0.\(host)\noptions timeout:30 attempts:5\n".utf8, to: "resolv.conf")
  }

  deinit {
    close(socket)
  }

  /// Starts an agency that has to ask for the address of its server.
  func startAgency(_ environment: [String: String]) throws -> ProgramProcess {
    let script = """
      mount --bind '\(directory.file("resolv.conf"))' /etc/resolv.conf
      exec '\(ProgramProcess.path(of: "agency-client"))'
      """
    return try ProgramProcess(
      "unshare", path: "unshare", ["--mount", "sh", "-c", script],
      environment: ["CLI_ID": "1", "CLI_SERVER_ADDRESS": "server.example:1"]
        .merging(environment) { $1 })
  }

  /// Waits for a query.
  func query() async {
    var byte: UInt8 = 0
    while recv(socket, &byte, 1, Int32(MSG_DONTWAIT)) < 0, !Task.isCancelled {
      await Task.yield()
    }
  }
}
