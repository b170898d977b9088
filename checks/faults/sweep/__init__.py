"""The sweep: every call of the system, one after the other, fails."""
