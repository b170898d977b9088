import AgencyClient
import Glibc

exit(await ClientProgram.main())
