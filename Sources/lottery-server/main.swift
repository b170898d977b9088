import Glibc
import LotteryServer

exit(await ServerProgram.main(CommandLine.arguments.dropFirst()))
