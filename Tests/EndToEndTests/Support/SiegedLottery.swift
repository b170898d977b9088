import Foundation
import TestSupport
import Testing

/// A lottery of agencies 1 and 2 that goes on while strangers do what they like.
enum SiegedLottery {
  /// Memory that the server may take at most, in kB: five times what it takes without strangers.
  private static let memoryLimit = 64 * 1024
  private static let rows = (1...2).map { [String].rows(1000, of: $0) }

  /// Holds the lottery, and checks that nobody is the worse for the strangers.
  ///
  /// - Parameters:
  ///   - agencies: how many there are, those that `attack` plays among them: 3 and more.
  ///   - attack: is given the server's port, and returns before agency 2 comes. The strangers that
  ///     it returns stay connected until the draw has been held.
  static func hold(
    agencies: Int = 2, _ environment: [String: String] = [:],
    under attack: @Sendable (UInt16) async throws -> [Stranger]
  ) async throws {
    let lottery = try Lottery(agencies: agencies)
    for (index, rows) in rows.enumerated() { try lottery.write(rows, of: index + 1) }
    let server = try await lottery.startServer(environment)
    let first = try lottery.startAgency(1)
    let strangers = try await attack(lottery.port)
    let second = try lottery.startAgency(2)
    for (index, agency) in [first, second].enumerated() {
      #expect(await agency.end() == .exit(0), "agency \(index + 1)")
      #expect(agency.lines.contains { $0.hasSuffix("cant_ganadores: 10") })
      #expect(try lottery.storedRows(of: index + 1) == rows[index])
    }
    if !isSanitized { #expect(try #require(server.peakMemory) < memoryLimit) }
    for stranger in strangers { stranger.close() }
    server.send(SIGTERM)
    #expect(await server.end() == .exit(0))
  }
}

/// Whether a sanitizer, which takes memory of its own, is part of the programs.
var isSanitized: Bool {
  dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}
