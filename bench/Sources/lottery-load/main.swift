import Glibc
import LotteryProtocol

// Many agencies in one process, over the lottery's own library.
let arguments = CommandLine.arguments
let numbers = arguments.dropFirst().prefix(3).compactMap { Int($0) }.filter { $0 > 0 }
guard arguments.count == 5, numbers.count == 3, let server = Endpoint("127.0.0.1:\(numbers[0])")
else {
  print("usage: lottery-load PORT AGENCIES WINDOW AGENCY_FILE")
  exit(64)
}
do {
  let bets = try PreparedBets(path: arguments[4])
  try await Crowd(agencies: numbers[1], window: numbers[2], bets: bets).play(server)
} catch {
  print("\(error)")
  exit(1)
}
