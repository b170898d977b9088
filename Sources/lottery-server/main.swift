import LotteryServer

ServerProgram.main()
