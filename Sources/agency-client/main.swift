import AgencyClient
import ProcessSupport

MainThread.wait { await ClientProgram.main(CommandLine.arguments.dropFirst()) }
