import ProcessSupport
import Testing

@Suite("Flags")
struct InvocationTests {
  @Test(
    "what the flags ask for",
    arguments: [
      ([], .run(configurationFile: nil)),
      (["--config", "a"], .run(configurationFile: "a")),
      (["--config=a=b"], .run(configurationFile: "a=b")),
      (["--config", "--help"], .run(configurationFile: "--help")),
      (["--help"], .help), (["-h"], .help), (["--version"], .version),
      (["--version", "--help"], .help), (["--config", "a", "--version"], .version),
    ] as [([String], Invocation)])
  func flags(arguments: [String], expected: Invocation) throws {
    #expect(try Invocation(arguments) == expected)
  }

  @Test(
    "what is refused",
    arguments: [
      (["--bogus"], "\"--bogus\": unknown argument"), (["x"], "\"x\": unknown argument"),
      ([""], "\"\": unknown argument"), (["--config"], "--config: a file must follow"),
      (["--config="], "--config: a file must follow"),
      (["--config", "a", "--config", "b"], "--config: given twice"),
      (["--help=yes"], "\"--help=yes\": unknown argument"),
      (["--help", "--bogus"], "\"--bogus\": unknown argument"),
    ])
  func refusals(arguments: [String], problem: String) {
    let error = #expect(throws: UsageError.self) { try Invocation(arguments) }
    #expect(error?.description == problem)
    #expect(error?.exitStatus == .usage)
  }
}
