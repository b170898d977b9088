import Glibc
import LotteryServer

exit(await ServerProgram.main())
