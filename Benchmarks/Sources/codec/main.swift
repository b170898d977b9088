import Glibc

exit(CodecProgram.main(CommandLine.arguments.dropFirst()))
