import LotteryProtocol
import LotteryCore
import TestSupport
import Testing

@testable import LotteryServer

/// How the server begins, ends and begins again.
@Suite(.timeLimit(.minutes(1))) struct ServerTests {
  static let shuttingDown = ServerMessage.error(
    code: .shuttingDown, reason: "the server is shutting down")

  @Test func `who waits is told that the server shuts down, at once`() async throws {
    try await withServer(agencies: 2) { server in
      try await server.withClient(1) { waiting in
        try await waiting.greet()
        try await waiting.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
        try await server.withClient(2) { betting in
          try await betting.greet()
          async let stopped: Void = server.stop()
          try await waiting.expect(Self.shuttingDown)
          try await waiting.expect(nil)
          try await betting.expect(Self.shuttingDown)
          try await betting.expect(nil)
          await stopped
        }
      }
    }
  }

  @Test func `who waits for winners that are drawn is told that the server shuts down, at once`()
    async throws
  {
    let drawn = ServerMessage.welcome(version: 1, state: .drawn, stored: 0, lastBet: nil)
    let day = Duration.seconds(24 * 3600)
    try await withServer(agencies: 1, changing: { $0.winnersDelay = day }) { server in
      try await server.withClient(1) { try await $0.finish(with: []) }
      // The draw is held soon after CONFIRMED.
      while try await server.withClient(1, { try await $0.greet() }) != drawn {}
      try await server.withClient(1) { waiting in
        try await waiting.expect(drawn, after: Frames.hello(1))
        try await waiting.send(Frames.winnersQuery)
        let start = ContinuousClock.now
        async let stopped: Void = server.stop()
        try await waiting.expect(Self.shuttingDown)
        try await waiting.expect(nil)
        await stopped
        #expect(start.duration(to: .now) < .seconds(5))
      }
    }
  }

  @Test func `a connection that is ending is hurried by a shutdown, and by nothing else`() {
    for isEarly in [true, false] {
      let interruption = Interruption(patience: Patience(limit: .seconds(1)))
      let isHurried = Promise<Void>()
      if isEarly { interruption.interrupt(.error(.shuttingDown)) }
      interruption.onShutdown { isHurried.fulfill(()) }
      if !isEarly {
        interruption.interrupt(.error(.superseded))
        #expect(isHurried.value == nil)
        interruption.interrupt(.error(.shuttingDown))
        #expect(interruption.reason == .error(.superseded))
      }
      #expect(isHurried.value != nil)
    }
  }

  @Test func `nobody can hold up a shutdown by not hanging up`() async throws {
    try await withServer(agencies: 2) { server in
      try await server.withClient(1) { client in
        try await client.greet()
        await server.stop()
        try await client.expect(Self.shuttingDown)
      }
    }
  }

  @Test func `a port that is taken is named, and the directory stays free`() async throws {
    let directory = try TemporaryDirectory()
    try await withServer(agencies: 1) { other in
      var configuration = ServerConfiguration()
      configuration.port = other.port
      configuration.dataDirectory = directory.path
      let error = #expect(throws: ServerError.self) {
        try Server(configuration, log: .discarding)
      }
      #expect(error?.description == "port \(other.port): bind: Address already in use")
      try BetStore(directory: directory.path).close()
    }
  }

  @Test func `a directory that is in use is named`() async throws {
    try await withServer(agencies: 1) { server in
      let error = #expect(throws: ServerError.self) {
        try RunningServer(agencies: 1, in: server.directory)
      }
      #expect(
        error?.description
          == "\(server.directory.path): another server is using this directory")
    }
  }

  @Test func `after a restart agencies go on where they were`() async throws {
    let directory = try TemporaryDirectory()
    let bets = try sampleBets(1, 0..<3)
    try await withServer(agencies: 2, in: directory) { server in
      try await server.withClient(1) { client in
        try await client.greet()
        try await client.expect(.stored(2), after: Frames.batch(Array(bets[..<2]), at: 0))
      }
      try await server.withClient(2) { try await $0.finish(with: []) }
    }
    try await withServer(agencies: 2, in: directory) { server in
      try await server.withClient(1) { client in
        try await client.expect(
          .welcome(version: 1, state: .open, stored: 2, lastBet: bets[1]),
          after: Frames.hello(1))
        try await client.expect(.stored(3), after: Frames.bet(bets[2], at: 2))
        // Agency 2 need not come back for the draw to be held.
        try await client.expect(.confirmed, after: Frames.finished(3))
        #expect(try await client.askWinners() == [])
      }
    }
    #expect(try directory.read("bets.csv") == rows(bets))
  }

  @Test func `after a restart the draw is held again for late questions`() async throws {
    let directory = try TemporaryDirectory()
    let bet = try sampleBet(1, 0, number: winningNumber)
    try await withServer(agencies: 1, in: directory) { server in
      try await server.withClient(1) { try await $0.finish(with: [bet]) }
    }
    try await withServer(agencies: 1, in: directory) { server in
      try await server.withClient(1) { client in
        try await client.greet()
        #expect(try await client.askWinners() == [bet.document])
      }
    }
  }

  @Test func `agencies of an earlier, larger lottery do not count for the draw`() async throws {
    let directory = try TemporaryDirectory()
    try directory.write("2,0\r\n3,0\r\n".utf8, to: "finished.csv")
    try await withServer(agencies: 2, in: directory) { server in
      try await server.withClient(2) { waiting in
        try await waiting.expect(
          .welcome(version: 1, state: .finished, stored: 0, lastBet: nil),
          after: Frames.hello(2))
        try await server.withClient(1) { try await $0.finish(with: []) }
        #expect(try await waiting.askWinners() == [])
      }
    }
  }
}
