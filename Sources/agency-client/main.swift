import AgencyClient
import Glibc

exit(await ClientProgram.main(CommandLine.arguments.dropFirst()))
