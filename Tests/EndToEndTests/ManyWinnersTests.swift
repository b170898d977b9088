import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// The memory of both programs does not grow with the number of winners.
@Suite("Many winners, with the two executables", .timeLimit(.minutes(1)))
struct ManyWinnersTests {
  /// Growth that is allowed, in kB. Kept as strings, the winners below take more than twice as much.
  private static let growthLimit = 4 * 1024

  @Test("an agency counts its winners and keeps none of them")
  func agency() async throws {
    // More bytes than the kernel takes while the agency does not read.
    let (frames, winnersInFrame) = (1500, 380)
    let documents = Array(repeating: String(repeating: "7", count: 20), count: winnersInFrame)
    var frame: [UInt8] = []
    ServerMessage.winners(more: true, documents: documents).append(to: &frame)
    let listener = try Listener(port: 0, backlog: 1)
    let directory = try TemporaryDirectory()
    let agency = try ProgramProcess(
      "agency-client",
      environment: [
        "CLI_ID": "1", "CLI_SERVER_ADDRESS": "127.0.0.1:\(listener.port)",
        "CLI_DATA_FILE": try directory.path(of: "agency-1.csv", holding: ""),
      ])
    let (channel, _) = try await listener.accept()
    var greeting: [UInt8] = []
    ServerMessage.welcome(version: 1, state: .drawn, stored: 0, lastBet: nil)
      .append(to: &greeting)
    ServerMessage.confirmed.append(to: &greeting)
    try await channel.send(greeting)
    try await channel.send(frame)
    let before = try #require(agency.peakMemory)
    for _ in 1..<frames { try await channel.send(frame) }
    let growth = try #require(agency.peakMemory) - before
    var last: [UInt8] = []
    ServerMessage.winners(more: false, documents: ["1"]).append(to: &last)
    try await channel.send(last)
    #expect(await agency.end() == .exit(0))
    let winners = frames * winnersInFrame + 1
    #expect(agency.lines.contains { $0.hasSuffix("cant_ganadores: \(winners)") })
    if !isSanitized { #expect(growth < Self.growthLimit) }
    await channel.close()
    await listener.close()
  }
}
