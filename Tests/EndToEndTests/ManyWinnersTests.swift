import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// The memory of both programs does not grow with the number of winners.
@Suite(.timeLimit(.minutes(10))) struct ManyWinnersTests {
  /// Growth that is allowed, in kB. Kept as strings, the winners below take more than twice as
  /// much.
  private static let growthLimit = 4 * 1024

  @Test func `a server with very many winners keeps their documents alone in memory`() async throws
  {
    let winners = 50_000
    let lottery = try Lottery(agencies: 1)
    try FileManager.default.createDirectory(
      atPath: lottery.directory.file("server"), withIntermediateDirectories: false)
    let document = String(repeating: "9", count: 20)
    let row = Array("1,A,B,\(document),1990-01-15,7574\r\n".utf8)
    try lottery.directory.write(repeatElement(row, count: winners).joined(), to: "server/bets.csv")
    let server = try await lottery.startServer()
    let agency = try Peer(port: lottery.port, takesResets: true)
    defer { agency.close() }
    try await agency.send(Frames.hello(1))
    #expect(try await agency.receive()?.stored == UInt64(winners))
    let before = try #require(server.peakMemory)
    try await agency.send(Frames.finished(UInt64(winners)), Frames.winnersQuery)
    #expect(try await agency.receive() == .confirmed)
    var told = 0
    while case .winners(let more, let documents) = try await agency.receive() {
      told += documents.count
      #expect(documents.allSatisfy { $0 == document })
      if !more { break }
    }
    #expect(told == winners)
    let growth = try #require(server.peakMemory) - before
    if !isSanitized { #expect(growth < Self.growthLimit) }
    await server.stop()
  }

  @Test func `an agency counts its winners and keeps none of them`() async throws {
    // More bytes than the kernel takes while the agency does not read.
    let (frames, winnersInFrame) = (1500, 380)
    let documents = Array(repeating: String(repeating: "7", count: 20), count: winnersInFrame)
    let frame = ServerMessage.winners(more: true, documents: documents).frame
    let listener = try Listener(port: 0, backlog: 1)
    let directory = TemporaryDirectory()
    // An agency has no more winners than bets.
    let bets = frames * winnersInFrame + 1
    let file = String(repeating: "A,B,1,2000-01-01,7574\n", count: bets)
    let agency = try ProgramProcess(
      "agency-client",
      environment: [
        "CLI_ID": "1", "CLI_SERVER_ADDRESS": "127.0.0.1:\(listener.port)",
        "CLI_DATA_FILE": try directory.path(of: "agency-1.csv", holding: file),
      ])
    let server = try Peer(try #require(try await listener.accept()))
    let last = try Bet(
      firstName: "A", lastName: "B", document: "1", birthdate: "2000-01-01", number: "7574")
    let welcome = ServerMessage.welcome(
      version: 1, state: .drawn, stored: UInt64(bets), lastBet: last)
    try await server.send([welcome, .confirmed].frames)
    try await server.send(frame)
    let before = try #require(agency.peakMemory)
    for _ in 1..<frames { try await server.send(frame) }
    let growth = try #require(agency.peakMemory) - before
    try await server.send(ServerMessage.winners(more: false, documents: ["1"]).frame)
    #expect(await agency.end() == .exit(0))
    let winners = frames * winnersInFrame + 1
    #expect(agency.lines.contains { $0.hasSuffix("cant_ganadores: \(winners)") })
    if !isSanitized { #expect(growth < Self.growthLimit) }
    server.close()
    listener.close()
  }
}
