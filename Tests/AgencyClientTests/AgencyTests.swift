import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// An agency over real connections: what it sends, how it ends and what it logs, whatever the
/// server does. Its rules are those of ``LotteryConversation`` and ``BetConversation``. What it does
/// with an honest server is for the simulation too.
@Suite(.timeLimit(.minutes(10))) struct AgencyTests {
  typealias Step = Script.Step

  @Test(arguments: try honest() + lotteries() + bets() + floods() + echoes())
  func `an agency ends as the server lets it, and logs what it did`(script: Script) async throws {
    let (outcome, log) = try await script.play()
    switch (outcome, script.outcome) {
    // Only the kernel knows how it broke.
    case (.disconnected, .disconnected("")): break
    default: #expect(outcome == script.outcome)
    }
    #expect(log == script.log)
  }

  private static func gaveUp(_ event: String) -> AgencyError {
    .gaveUp(after: "8s", .noAnswer(waitedFor: event))
  }

  private static let hello = Step.hears(Frames.hello(1))
  private static let why = ServerMessage.error(code: .superseded, reason: "why")
  private static let superseded = AgencyError.refused(.superseded, reason: "why")

  // MARK: - What it logs

  private static let closes = "close_socket | result: success | client_id: 1"
  private static let closesBoth = [
    "close_file | result: success | client_id: 1 | file: …/agency.csv", closes,
  ]
  private static let lost = "the connection ended: the server closed it"

  private static func sends(_ counts: Int...) -> [String] {
    counts.map { "apuesta_enviada | result: success | cantidad: \($0)" }
  }

  private static func retries(_ error: String) -> [String] {
    ["retry | result: in_progress | pause: … | error: \(error)"]
  }

  private static func hasWon(_ count: Int) -> [String] {
    let line = "consulta_ganadores | result: success | cant_ganadores: \(count)"
    return [closesBoth[0], line, closes]
  }

  // MARK: - Lotteries

  private static func honest() throws -> [Script] {
    let bets = try sampleBets(0..<7)
    func hears(_ starts: Int...) -> Step {
      .hears(starts.flatMap { Frames.batch(Array(bets[$0..<min($0 + 2, 7)]), at: UInt64($0)) })
    }
    let asks = Step.hears(Frames.finished(7) + Frames.winnersQuery)
    let resumed = [
      [hello, .welcomes(bets[..<1]), hears(1, 3, 5), .says(.stored(3))],
      [hello, .welcomes(bets[..<3]), hears(3, 5), .says(.stored(5))],
      [hello, .welcomes(bets[..<5]), hears(5), .says(.stored(7)), asks],
      [hello, .welcomes(bets), asks, .says(.confirmed, winners())],
    ]
    return [
      Script(
        testDescription: "batches fill the window, and what was lost is sent again", bets: bets,
        connections: [
          [
            hello, .welcomes([]), hears(0, 2, 4), .says(.stored(4)), hears(6),
            // The connection ends within a message.
            .says(ServerMessage.stored(6).frame.dropLast(3)),
          ],
          [
            hello, .welcomes([]), hears(0, 2, 4),
            .says(.rejected(offset: 0, index: 1, code: .notStored, reason: "disk full")),
            .hearsEnd,
          ],
          [
            hello, .welcomes(bets[..<4]), hears(4, 6), .says(.stored(7)), asks,
            .says(.confirmed, winners("1", "3")), .hearsEnd,
          ],
        ], outcome: nil,
        log: sends(2, 2) + closesBoth + retries(lost)
          + ["lost_bets | result: fail | error: the server holds 0 bets of 4 it had acknowledged"]
          + closesBoth + retries("the server rejected bet 1 (REJECTED 2): disk full")
          + sends(2, 1) + hasWon(2)),
      Script(
        testDescription: "each STORED restarts the limit", bets: bets,
        // Two pauses may pass, each of them at least half as long as said, and three may not.
        retry: RetryPolicy(limit: .seconds(2000), pause: .seconds(1600), maxPause: .seconds(1600)),
        clock: TestClock(), connections: resumed, outcome: nil,
        log: (0..<3).flatMap { _ in sends(2) + closesBoth + retries(lost) } + hasWon(0)),
    ]
  }

  private static func winners(_ documents: String...) -> ServerMessage {
    .winners(more: false, documents: documents)
  }

  private static func lotteries() throws -> [Script] {
    let bets = try sampleBets(0..<1)
    func row(
      _ name: String, _ steps: Step..., outcome: AgencyError?, log: [String] = closesBoth
    ) -> Script {
      let start = [hello, .welcomes([]), .hears(Frames.batch(bets, at: 0))]
      return Script(
        testDescription: name, bets: bets, connections: [start + steps], outcome: outcome, log: log)
    }
    return [
      Script(
        testDescription: "no WELCOME", bets: bets, connections: [[hello, .hearsEnd]],
        outcome: gaveUp("WELCOME"), log: [closes]),
      row("no STORED", .waitsForEnd, outcome: gaveUp("STORED")),
      row(
        "no CONFIRMED", .says(.stored(1)), .waitsForEnd, outcome: gaveUp("CONFIRMED"),
        log: sends(1) + closesBoth),
      row(
        "a draw that takes longer than the limit", .says(.stored(1)),
        .hears(Frames.finished(1) + Frames.winnersQuery), .says(.confirmed),
        .waits(Script.policy.limit * 1.5), .says(winners("1")), .hearsEnd, outcome: nil,
        log: sends(1) + hasWon(1)),
      row(
        "no more winners",
        .says(.stored(1), .confirmed, .winners(more: true, documents: ["1"])), .waitsForEnd,
        outcome: gaveUp("WINNERS"), log: sends(1) + closesBoth),
      row(
        "half of the winners", .says(.stored(1), .confirmed), .says(winners("1").frame.dropLast()),
        .waitsForEnd, outcome: gaveUp("WINNERS"), log: sends(1) + closesBoth),
      row(
        "REJECTED 1", .says(.rejected(offset: 0, index: 0, code: .ruleBroken, reason: "why")),
        .waitsForEnd, outcome: .rejected(.ruleBroken, offset: 0, index: 0, reason: "why")),
    ]
      + [
        ([0, 0, 0, 0], "frame length 0: must be 1 to 7996"),
        ([0, 0, 0x1F, 0x3D], "frame length 7997: must be 1 to 7996"),
        ([0, 0, 0, 1, 0x03], "unknown message type 0x03"),
        ([0, 0, 0, 2, 0x82, 0], "STORED: the body is too short"),
      ].map { row($1, .says($0), .waitsForEnd, outcome: .unexpected($1)) }
  }

  /// The server does not receive, and the agency sends without end.
  private static func floods() -> [Script] {
    func row(_ name: String, _ steps: Step..., outcome: AgencyError) -> Script {
      Script(
        testDescription: "a flood: \(name)", work: .flood,
        connections: [[hello, .welcomes([])] + steps], outcome: outcome, log: [closes])
    }
    let gaveUp = gaveUp("the server to receive")
    return [
      row("ERROR 7, and the end", .says(why), outcome: superseded),
      row(
        "REJECTED 1 among others, and the end",
        .says(
          .stored(5), .rejected(offset: 5, index: 1, code: .ruleBroken, reason: "why"),
          .error(code: .malformed, reason: "not this one")),
        outcome: .rejected(.ruleBroken, offset: 5, index: 1, reason: "why")),
      row("the end", outcome: .disconnected("")),
      row("SIGTERM", .signals, outcome: .cancelled),
      row("nothing", .waitsForEnd, outcome: gaveUp),
      row("ERROR 7, and nothing", .says(why), .waitsForEnd, outcome: superseded),
      row(
        "messages without end",
        .repeats(Array(repeating: ServerMessage.confirmed, count: 4096).frames), outcome: gaveUp),
    ]
  }

  // MARK: - One bet

  private static func bets() throws -> [Script] {
    let (bet, others) = (try sampleBet(), try sampleBets(10..<15))
    func takes(after stored: ArraySlice<Bet>) -> [Step] {
      [hello, .welcomes(stored), .hears(Frames.bet(bet, at: UInt64(stored.count)))]
    }
    func row(_ name: String, _ steps: Step..., outcome: AgencyError, isInDoubt: Bool) -> Script {
      let doubt = AgencyError.inDoubt(outcome)
      let log = "apuesta_enviada | result: fail | dni: 30000000 | numero: 1 | error: \(doubt)"
      return Script(
        testDescription: "a bet: \(name)", work: .bet, bets: [bet],
        connections: [takes(after: []) + steps],
        // A signal ends the program well even so.
        outcome: isInDoubt && outcome != .cancelled ? doubt : outcome,
        log: isInDoubt ? [closes, log] : [closes])
    }
    let full = "the server rejected bet 3 (REJECTED 2): disk full"
    return [
      Script(
        testDescription: "a bet is sent after the stored ones until it is stored", work: .bet,
        bets: [bet],
        connections: [
          takes(after: others[..<3])
            + [
              .says(.rejected(offset: 3, index: 0, code: .notStored, reason: "disk full")),
              .hearsEnd,
            ],
          // The answer is lost.
          takes(after: others[...]), [hello, .welcomes(others + [bet]), .hearsEnd],
        ], outcome: nil,
        log: [closes] + retries(full) + [closes] + retries(lost) + [closes]
          + [
            "apuesta_enviada | result: success | dni: 30000000 | numero: 1",
            "earlier_bets | result: success | cantidad: 5 | note: the server keeps them too;"
              + " to delete its bets: make docker-compose-down",
          ]),
      row("no STORED", .waitsForEnd, outcome: gaveUp("STORED"), isInDoubt: true),
      row(
        "REJECTED 4", .says(.rejected(offset: 0, index: 0, code: .agencyFinished, reason: "why")),
        .waitsForEnd, outcome: .rejected(.agencyFinished, offset: 0, index: 0, reason: "why"),
        isInDoubt: false),
      row("ERROR 7", .says(why), .waitsForEnd, outcome: superseded, isInDoubt: true),
      row("SIGTERM", .signals, outcome: .cancelled, isInDoubt: true),
    ]
  }

  // MARK: - The echo

  private static func echoes() -> [Script] {
    func row(
      _ name: String, lines: Int = 1, _ connections: [[Step]], outcome: AgencyError?, log: [String]
    ) -> Script {
      Script(
        testDescription: "the echo: \(name)", work: .echo(lines: lines), connections: connections,
        outcome: outcome, log: log)
    }
    let texts = ["[CLIENT 1] Message N°1", "[CLIENT 1] Message N°2"]
    let lines = texts.map { Array("\($0)\n".utf8) }
    let hears = Step.hears(lines[0])
    let isOver = ["loop_finished | result: success | client_id: 1"]
    let partial = "the server closed it, before the whole line had come back"
    return [
      row(
        "each line has a connection of its own, and may come back in pieces", lines: 2,
        lines.map { line in [.hears(line)] + line.map { .says([$0]) } + [.hearsEnd] },
        outcome: nil,
        log: texts.flatMap { text in
          [closes, "receive_message | result: success | client_id: 1 | msg: \(text)"]
        } + isOver),
      row("no lines", lines: 0, [], outcome: nil, log: isOver),
      row("nothing of the line", [[hears]], outcome: .disconnected(partial), log: [closes]),
      row(
        "a part of the line", lines: 2, [[hears, .says([0x61])]], outcome: .disconnected(partial),
        log: [closes]),
      row(
        "a line without an end",
        [[hears, .says([UInt8](repeating: 0x61, count: 8000)), .waitsForEnd]],
        outcome: .disconnected("the line that came back does not end"), log: [closes]),
      row(
        "no line", [[hears, .waitsForEnd]], outcome: gaveUp("the line to come back"),
        log: [closes]),
      row("SIGTERM", [[hears, .signals]], outcome: .cancelled, log: [closes]),
    ]
  }

  // MARK: - Progress

  @Test(
    arguments: [
      (1000, 250, 1000, 2.0, "1000 bets, 25 %, 500 bets/s, 6 s left"),
      (0, 0, 1000, 1.0, "0 bets, 0 %, 0 bets/s, 0 s left"),
      (10, 1000, 1000, 0.0, "10 bets, 100 %, 0 bets/s, 0 s left"),
      // A pipe has no size, and a file may grow.
      (10, 500, 0, 1.0, "10 bets, 100 %, 10 bets/s, 0 s left"),
      (10, 2000, 1000, 1.0, "10 bets, 100 %, 10 bets/s, 0 s left"),
    ] as [(UInt64, Int, Int, Double, String)])
  func `progress shows bets, share of the file, rate, time left, batches in flight`(
    bets: UInt64, position: Int, size: Int, seconds: Double, expected: String
  ) {
    let text = Progress.text(
      bets: bets, position: position, fileSize: size, inFlight: 16, elapsed: .seconds(seconds))
    #expect(text == expected + ", 16 batches in flight")
  }
}
