import LotteryServer
import ProcessSupport

MainThread.wait { await ServerProgram.main(CommandLine.arguments.dropFirst()) }
