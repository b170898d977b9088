import TestSupport
import Testing

@testable import LotteryCore
@testable import LotteryProtocol

/// Endpoints.
@Suite struct EndpointTests {
  @Test(
    arguments: [
      ("server:12345", "server", 12345), ("127.0.0.1:1", "127.0.0.1", 1),
      ("[::1]:65535", "::1", 65535), ("a.b-c:80", "a.b-c", 80),
    ] as [(String, String, UInt16)])
  func `a host and a port are parsed, and printed as they were`(
    text: String, host: String, port: UInt16
  ) throws {
    let endpoint = try #require(Endpoint(text))
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
    #expect(endpoint.description == text)
  }

  @Test(arguments: [
    "", "server", "server:", ":12345", "server:0", "server:65536", "server:-1", "server:1a",
    "::1:80", "[]:80", "server:12345 ",
  ])
  func `a text that is not a host and a port is refused`(text: String) {
    #expect(Endpoint(text) == nil)
  }

  @Test func `a system call that failed says which and why`() {
    #expect(SystemError("bind", code: 98).description == "bind: Address already in use")
    #expect(
      ChannelError.broken(SystemError("recv", code: 104)).description
        == "recv: Connection reset by peer")
  }
}
