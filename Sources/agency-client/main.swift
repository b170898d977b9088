import AgencyClient

ClientProgram.main()
