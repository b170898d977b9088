import LotteryCore

/// The outcome of the draw: where in `bets.csv` the winning bets are.
///
/// There may be millions of winners, so the server keeps none of them. The draw scans the file once
/// (``WinnerScan``) and notes the position of each winner's row, by agency (``WinnerIndex``). A
/// position takes one to three bytes, or four if more than 2 MiB lie between two of an agency. When
/// an agency asks, its winners are read at those positions, one chunk of frames after the other
/// (``WinnerReader``).
///
/// The index has a limit as well. Of the winners beyond it the server keeps how many each agency has
/// and where the first of them is. When the agency asks, a second scan finds them, which begins at
/// the first and ends at the last of them. So the memory is bounded whatever the number of winners,
/// nothing is written to the disk, and the file is scanned again only if millions have won.
///
/// Only the bytes that the file had when the draw began are ever read.
struct Winners: Sendable {
  private let bets: StoredBets
  private let end: Int
  private let index: WinnerIndex

  /// Holds the draw over `bets`, for the agencies from 1 to `agencies`. Blocks while it reads them.
  init(
    of bets: StoredBets, agencies: Int, indexLimit: Int = WinnerIndex.sizeLimit
  ) throws(StorageError) {
    self.bets = bets
    end = try bets.size()
    var index = WinnerIndex(sizeLimit: indexLimit)
    var scan = WinnerScan(of: bets, at: 0..<end)
    while let winners = try scan.next() {
      for winner in winners where winner.agency <= agencies {
        index.add(winner.position, of: winner.agency)
      }
    }
    self.index = index
  }

  /// Winners of all agencies together.
  var count: Int { index.count }

  /// The winners of `agency`, in the order in which their bets were stored.
  func reader(of agency: UInt32) -> WinnerReader {
    WinnerReader(of: agency, index[agency], in: bets, before: end)
  }
}
