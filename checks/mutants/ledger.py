"""Old bugs, as small changes that put them back.

Each must be caught twice: by the tests of the module that it changes, and by the simulation or a
test that starts the real programs. A mutant is described by what it does, so the ledger survives
when code moves. `old` must be found in all of `Sources` as often as is said, once if nothing is. If
it is not, look for where the rule lives now.
"""

from dataclasses import dataclass

SIMULATION = "SimulationTests"
# What is tested from outside: arguments of pytest begin with this.
CHECKS = "checks/faults"


def case(name):
    """Returns what plays one case of the sweeps."""
    return f"{CHECKS} -k 'syscalls or stalls' --case {name} --round 0"


@dataclass(frozen=True)
class Mutant:
    """A bug: what the server or the agency does, the line that goes, and what takes its place."""

    name: str
    old: str
    new: str
    # What catches it from outside: a filter of `swift test`, or arguments of pytest.
    outside: str = SIMULATION
    # Whether the tests of its module catch it, too. They have no name server that hangs, and no
    # machine with more cores.
    in_module: bool = True
    # How often `old` is there. The change is made everywhere.
    places: int = 1
    # How many lotteries the simulation may need to find it.
    seeds: int = 2000


LEDGER = [
    # What is stored.
    Mutant("stores a batch that is sent again once more",
           "let known = Int(min(accepted - batch.offset, UInt64(batch.count)))", "let known = 0",
           "HostileTests"),
    Mutant("stores a batch that begins after a gap", "guard batch.offset <= accepted else {",
           "guard batch.offset <= accepted + 1 else {", "ContractTests"),
    Mutant("keeps the bets before a bad one in a batch",
           "      if !isTaken {\n        rows.removeLast(rows.count - size)",
           "      if !isTaken {\n        rows.removeLast(size - size)", "ContractTests"),
    Mutant("answers STORED before the sync",
           "        try synchronize(&contents)\n        let duration", "        let duration"),
    Mutant("tells in WELCOME what a killed server wrote and nobody synced",
           "      for journal in opened { try journal.synchronize() }\n", ""),
    Mutant("leaves the rest of a failed write in the file",
           "    } catch {\n      try takeBack(&contents)\n", "    } catch {\n"),
    Mutant(
        "goes on after a failed sync",
        "      if contents.safeSize < contents.size {\n"
        "        contents.size = contents.safeSize\n        try? takeBack(&contents)\n      }\n"
        "      disk.dropCache(of: file)\n"
        "      throw giveUp(&contents, .unreliable(path: path, error))",
        "      throw .notWritten(path: path, error)"),
    Mutant(
        "leaves what a failed sync has lost in the kernel's cache",
        "      disk.dropCache(of: file)\n",
        "",
        # A server is killed in a write, the sync of the next one fails, and the power goes later.
        seeds=20_000),
    Mutant("says that it syncs a file, and does not", "try disk.synchronize(file)",
           "try disk.truncate(file, to: contents.size)", f"{CHECKS} -k power_loss --rounds 5"),
    Mutant("cuts off what it cannot sync", "Contents(size: size, safeSize: size)",
           "Contents(size: size, safeSize: 0)", case("server-again,fdatasync,EIO,once,1")),
    Mutant("tells the callers of a group that failed that it is stored",
           "    if case .notWritten = error { return error }\n",
           "    if case .notWritten = error { return nil }\n"),
    Mutant("forgets that a group is under way, and never starts the next",
           "        group.isFlushing = false\n        return nil", "        return nil"),
    Mutant("counts bets before they are safe", "      if error == nil { change(&record) }",
           "      if error == nil || !record.isEmpty { change(&record) }"),
    Mutant("goes on although the disk cannot be relied upon",
           "    onFailure(error)\n    return error\n", "    return error\n"),
    Mutant("leaves an incomplete row of the last server in the file",
           "    if let betsRest { try bets.cut(betsRest) }\n", ""),
    Mutant("forgets at its start who has finished",
           "records[agency, default: AgencyRecord()].hasFinished = true",
           "records[agency, default: AgencyRecord()].hasFinished = false"),
    Mutant("goes on with a conversation whose batches could not be stored",
           "connection.append(answer) }\n      throw ServiceError.rejected",
           "connection.append(answer) }\n      _ = session.pendingStored()\n      return",
           f"{CHECKS}/test_traps.py -k bets_after_a_failure"),
    # Whose turn it is.
    Mutant("lets two connections of an agency store",
           "      guard record.claim === claim else { return false }\n      record.written",
           "      record.written"),
    Mutant("does not wait at a takeover for what is being written",
           "    if let writing, await writing.wait() == nil {",
           "    if writing == nil, Task.isCancelled {"),
    Mutant(
        "lets an older connection take over from a newer one",
        "      if let holder = record.claim, holder.order > claim.order { return (claim, nil) }\n",
        ""),
    Mutant("takes the claim of the new connection when the old one ends",
           "      if record.claim === claim { record.claim = nil }", "      record.claim = nil"),
    Mutant("does not tell the older connection that it was superseded", "    loser?.onLoss()\n",
           "", "HostileTests"),
    # The draw.
    Mutant("holds the draw when the first agency has finished",
           "$0.insert(agency).inserted && $0.count == parties",
           "$0.insert(agency).inserted && $0.count == 1"),
    Mutant("counts agencies twice that had finished before the server started",
           "    for agency in store.finishedAgencies where agency <= configuration.agencies {",
           "    for agency in store.finishedAgencies {", "ContractTests"),
    Mutant(
        "sends each agency the winners of all",
        "        winners.byAgency[winner.agency, default: winners.none].add(winner, share: share)",
        "        winners.byAgency[1, default: winners.none].add(winner, share: share)"),
    Mutant("draws another number", "winningNumber: UInt32 = 7574", "winningNumber: UInt32 = 7575"),
    # Who may do what.
    Mutant("takes agency 0", "guard agency >= 1, agency <= agencies else {",
           "guard agency <= agencies else {", "HostileTests"),
    Mutant(
        "takes a key that only begins like the right one",
        "UInt8(right.count == given.count && !right.isEmpty ? 0 : 1)\n"
        "    for index in 0..<ProtocolLimits.textSize {",
        "UInt8(right.isEmpty || given.isEmpty ? 1 : 0)\n"
        "    for index in 0..<min(right.count, given.count) {",
        "ContractTests"),
    Mutant(
        "takes frames of any length",
        "guard ProtocolLimits.frameLength.contains(Int(length)) "
        "else { throw .frameLength(length) }",
        "guard length > 0 else { throw .frameLength(length) }",
        "HostileTests"),
    # What a bet is, and how it is written.
    Mutant(
        "takes 1900 for a leap year",
        "year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)",
        "year % 4 == 0",
        "ContractTests"),
    Mutant("reads two quotes in a quoted field as two",
           "index += wasQuoted && byte == .quote ? 2 : 1",
           "index += wasQuoted && byte == .quote && index < 0 ? 2 : 1"),
    Mutant("writes a quote in a quoted field once",
           "      if text[index] == .quote { append(.quote) }\n", "", "ContractTests"),
    Mutant("writes fields without the quotes that they need",
           "guard text.endOfPlainText(from: 0) < text.count else {",
           "guard text.endOfPlainText(from: 0) < text.count, text.count > 99 else {"),
    Mutant("takes the byte order mark of a file for a part of the first name",
           "let mark: [UInt8] = [0xEF, 0xBB, 0xBF]", "let mark: [UInt8] = [0xFF, 0xFE]",
           "ContractTests"),
    Mutant(
        "takes letters that look alike for the same bytes",
        "public struct Bet: Hashable, Sendable {\n",
        "public struct Bet: Hashable, Sendable {\n"
        "  public static func == (left: Bet, right: Bet) -> Bool {\n"
        "    left.firstName == right.firstName && left.lastName == right.lastName\n"
        "      && left.document == right.document && left.birthdate == right.birthdate\n"
        "      && left.number == right.number\n"
        "  }\n",
        "ContractTests"),
    # The agency.
    Mutant("tries again whatever the server says", "    case .unknownAgency: (false,",
           "    case .unknownAgency: (true,", "BadInputTests"),
    Mutant("gives up when the server shuts down", "    case .shuttingDown, .tooSlow: (true,",
           "    case .shuttingDown, .tooSlow: (false,"),
    Mutant("gives up when the disk of the server is full",
           "    case .notStored, .outOfSequence: (true,",
           "    case .notStored, .outOfSequence: (false,"),
    Mutant("sends a bet again that it does not know to be stored", "      if lastBet == bet {",
           "      if lastBet == bet, unanswered == nil {"),
    Mutant("takes a bet for stored that may be another's", "      if offset < stored - 1 {",
           "      if offset > stored {", seeds=20_000),
    # Sockets.
    Mutant("takes part of a message for all of it when the socket has no more room",
           "        sent += count\n        hasMoved = true\n",
           "        sent += max(count, packetEnd - sent)\n        hasMoved = true\n",
           case("agency,send,half,once,2")),
    Mutant("closes a connection over bytes that it has not read",
           "while taken < size, !handle.isOverdue", "while taken < 0, !handle.isOverdue",
           f"{CHECKS}/test_traps.py -k unread_bytes"),
    Mutant("takes what the kernel says of a connection for the next one's with its number",
           "      state.lastToken += 1\n", "      state.lastToken = UInt64(descriptor)\n",
           f"{CHECKS}/test_traps.py -k stale_events"),
    Mutant("takes a call that a signal interrupts for one that failed", "if code != EINTR { throw",
           "if code != 0 { throw", "ContractTests"),
    Mutant("forgets that a socket became ready while nobody waited",
           "        state.conditions[direction.rawValue] = .changed\n        return nil",
           "        return nil", f"{CHECKS}/test_traps.py -k nobody_waits"),
    # Waits, loops and what adds up.
    Mutant("waits without end for an end that hangs", "if still == limits.standstill {",
           "if still < 0 {", case("server,fdatasync,hang,ends,3")),
    Mutant("waits longer for a name than the retry limit allows",
           "        answer.fulfill(.failure(.timedOut))\n", "",
           case("agency-named,getaddrinfo,hang,limit,2"), in_module=False),
    Mutant("waits without end for a server that says nothing",
           "max(.zero, policy.waitLimit - elapsed)", "policy.waitLimit * 1000",
           case("agency,recv,quiet,limit,1")),
    Mutant("reads blank lines without end after SIGTERM",
           "    if Task.isCancelled { throw .cancelled }\n    let (file, offset",
           "    let (file, offset", f"{CHECKS}/test_endless_client.py -k blank_lines"),
    Mutant("loses log lines and does not count them", "        state.lost += 1\n", "",
           f"{CHECKS}/test_traps.py -k lost_lines"),
    Mutant("makes a thread for each core",
           "sysconf(Int32(_SC_NPROCESSORS_ONLN)) <= Worker.threadLimit\n",
           "sysconf(Int32(_SC_NPROCESSORS_ONLN)) <= 1000\n",
           f"{CHECKS}/test_crowd.py -k threads", in_module=False),
]
