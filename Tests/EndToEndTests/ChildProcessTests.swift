import Glibc
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
  /// What a shell prints that runs `script`, and how it ends.
  private func shell(
    _ script: String, environment: [String]? = nil, input: String = "/dev/null",
    joinsErrors: Bool = false
  ) throws -> (output: String, ending: ChildProcess.Ending) {
    let process = try ChildProcess(
      "sh", ["-c", script], environment: environment, input: input, joinsErrors: joinsErrors)
    var output: [UInt8] = []
    let ending = process.wait { output += $0 }
    return (String(decoding: output, as: UTF8.self), ending)
  }

  @Test func `all that it prints arrives, and its exit status`() throws {
    let (output, ending) = try shell("seq 100000 | tail -n 1; exit 7")
    #expect(output == "100000\n")
    #expect(ending == .exit(7))
  }

  @Test func `the signal that killed it is told from an exit status`() throws {
    #expect(try shell("kill -9 $$").ending == .killed(by: SIGKILL))
  }

  @Test func `errors are part of its output on request, in order`() throws {
    #expect(try shell("echo a; echo b >&2; echo c", joinsErrors: true).output == "a\nb\nc\n")
  }

  @Test func `it knows the environment that it was given and nothing else`() throws {
    let (output, _) = try shell("echo $A$HOME", environment: ["A=b", "PATH=/usr/bin:/bin"])
    #expect(output == "b\n")
  }

  @Test func `signals that are blocked or ignored here are not so for it`() throws {
    #expect(try shell("kill -PIPE $$; kill -TERM $$").ending == .killed(by: SIGPIPE))
  }

  @Test func `a program that is not there is an error`() {
    #expect(throws: ChildProcess.Failure.self) { try ChildProcess("no-such-program", []) }
  }
}
