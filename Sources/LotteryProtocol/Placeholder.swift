// LotteryProtocol
