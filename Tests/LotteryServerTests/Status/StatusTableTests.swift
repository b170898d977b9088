import LotteryProtocol
import Testing

@testable import LotteryServer

@Suite struct StatusTableTests {
  @Test(
    arguments: [
      // No agency has connected yet. The sync times come before the last line.
      (
        LotteryStatus(
          isDrawn: false, agencies: 5, connections: 0,
          syncs: SyncTimes(count: 4, total: .microseconds(6000), longest: .milliseconds(3)),
          seen: []),
        """
            agency          bets  finished  connected
               1-5             0        no         no
        syncs: 4, mean: 1.5ms, longest: 3ms
        bets: 0, finished: 0 of 5, connections: 0, draw: not held
        """
      ),
      // Agencies that have not connected are listed between those that have.
      (
        LotteryStatus(
          isDrawn: false, agencies: .max, connections: 1,
          seen: [
            .init(number: 2, stored: 27000, hasFinished: true, isConnected: false),
            .init(number: 3, stored: 1, hasFinished: false, isConnected: true),
            .init(number: 9, stored: 0, hasFinished: false, isConnected: false),
          ]),
        """
            agency          bets  finished  connected
                 1             0        no         no
                 2         27000       yes         no
                 3             1        no        yes
               4-8             0        no         no
                 9             0        no         no
        10-4294967295             0        no         no
        syncs: 0, mean: 0s, longest: 0s
        bets: 27001, finished: 1 of 4294967295, connections: 1, draw: not held
        """
      ),
      // Agency 0, which should not exist, is shown like any other.
      (
        LotteryStatus(
          isDrawn: false, agencies: 1, connections: 0,
          seen: [.init(number: 0, stored: 1, hasFinished: false, isConnected: false)]),
        """
            agency          bets  finished  connected
                 0             1        no         no
                 1             0        no         no
        syncs: 0, mean: 0s, longest: 0s
        bets: 1, finished: 0 of 1, connections: 0, draw: not held
        """
      ),
      // An agency of an earlier, larger lottery is shown and does not count as finished.
      (
        LotteryStatus(
          isDrawn: true, agencies: 1, connections: 0,
          seen: [
            .init(number: 1, stored: 1, hasFinished: true, isConnected: false),
            .init(number: 3, stored: 2, hasFinished: true, isConnected: false),
          ]),
        """
            agency          bets  finished  connected
                 1             1       yes         no
                 3             2       yes         no
        syncs: 0, mean: 0s, longest: 0s
        bets: 3, finished: 1 of 1, connections: 0, draw: held
        """
      ),
    ])
  func `the agencies, and a last line about all of them`(status: LotteryStatus, table: String) {
    #expect(status.table == table)
  }
}
