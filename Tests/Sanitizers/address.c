// What the address sanitizer must be told. checks/sanitize.sh links this into the programs that it
// runs.

// Leaks cannot be looked for: Swift keeps for ever what it made once.
const char *__asan_default_options(void) { return "detect_leaks=0"; }
