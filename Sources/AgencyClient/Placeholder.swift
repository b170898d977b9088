// AgencyClient
