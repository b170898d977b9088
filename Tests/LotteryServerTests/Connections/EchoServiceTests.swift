import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// The service of exercises 1 to 4.
@Suite(.timeLimit(.minutes(10))) struct EchoServiceTests {
  struct Exchange: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let sent: [UInt8]
    let returned: [UInt8]

    init(_ description: String, _ sent: [UInt8], returns returned: [UInt8]? = nil) {
      testDescription = description
      self.sent = sent
      self.returned = returned ?? sent
    }
  }

  private static let largest = ProtocolLimits.echoLineSize

  @Test(arguments: [
    Exchange("a line", Array("hola\n".utf8)),
    Exchange("an empty line", Array("\n".utf8)),
    Exchange("a line of Windows", Array("hola\r\n".utf8)),
    Exchange("bytes that are not UTF-8", [0xFF, 0xC0, 0x00, 0x80, 0x0A]),
    Exchange("two lines", Array("one\ntwo\n".utf8), returns: Array("one\n".utf8)),
    Exchange("the largest line", line(of: largest)),
    Exchange("a line one byte too long", line(of: largest + 1), returns: []),
  ])
  func `one line comes back, then the server disconnects`(exchange: Exchange) async throws {
    try await withClient(agencies: 0) { client, _ in
      try await client.send(exchange.sent)
      #expect(try await client.receiveAll() == exchange.returned)
    }
  }

  @Test(arguments: [
    Exchange("a line without its end", Array("hola".utf8)),
    Exchange("one byte", [0x01]),
    Exchange("nothing", []),
    Exchange("the largest line", Array(line(of: largest + 1).dropLast())),
    Exchange("a line one byte too long", Array(line(of: largest + 2).dropLast()), returns: []),
  ])
  func `a line may end where the client stops sending`(exchange: Exchange) async throws {
    try await withClient(agencies: 0) { client, _ in
      try await client.send(exchange.sent)
      client.finishSending()
      #expect(try await client.receiveAll() == exchange.returned)
    }
  }

  @Test func `a line may arrive byte by byte`() async throws {
    try await withClient(agencies: 0) { client, _ in
      for byte in "hola\n".utf8 { try await client.send([byte]) }
      #expect(try await client.receiveAll() == Array("hola\n".utf8))
    }
  }

  @Test func `it answers while a lottery is going on`() async throws {
    try await withAgency(agencies: 2) { agency, server in
      let batch = Frames.batch(try sampleBets(0..<2), at: 0)
      // Half a batch is on its way, and the agency's connection waits for the rest.
      try await agency.send(Array(batch.prefix(30)))
      try await server.withClient { client in
        try await client.send(Array("hola\n".utf8))
        #expect(try await client.receiveAll() == Array("hola\n".utf8))
      }
      try await agency.expect(.stored(2), after: Array(batch.dropFirst(30)))
    }
  }

  @Test func `a server without agencies serves nothing else`() async throws {
    try await withServer(agencies: 0) { server in
      try await server.withClient { client in
        try await client.expect(
          .error(code: .unknownAgency, reason: "agency 1: must be 1 to 0"), after: Frames.hello(1))
        try await client.expect(nil)
      }
      try await server.withClient { client in
        try await client.send(Array("hola\n".utf8))
        #expect(try await client.receiveAll() == Array("hola\n".utf8))
      }
    }
  }

  /// A line of `size` bytes, its end included.
  private static func line(of size: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(ascii: "x"), count: size - 1) + [0x0A]
  }
}
