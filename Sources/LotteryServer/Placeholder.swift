// LotteryServer
