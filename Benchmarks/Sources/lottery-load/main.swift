import Glibc
import LotteryCore
import LotteryProtocol

// What must be in Swift, over the lottery's own library; the scenarios are in `bench`.
let arguments = CommandLine.arguments.dropFirst()
let numbers = arguments.dropFirst().compactMap { Int($0) }
do {
  if arguments.first == "codec", arguments.count == 2 {
    try Codec.run(agencyFile: arguments[2])
  } else if arguments.first == "crowd", arguments.count == 5, numbers.count == 3,
    numbers.allSatisfy({ $0 > 0 }),
    let server = Endpoint("127.0.0.1:\(numbers[0])")
  {
    let bets = try PreparedBets(path: arguments[5])
    try await Crowd(agencies: numbers[1], window: numbers[2], bets: bets).play(server)
  } else {
    print("usage: lottery-load codec AGENCY_FILE")
    print("       lottery-load crowd PORT AGENCIES WINDOW AGENCY_FILE")
    exit(64)
  }
} catch {
  print("\(error)")
  exit(1)
}
