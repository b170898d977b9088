import Glibc

exit(await CrowdProgram.main(CommandLine.arguments.dropFirst()))
