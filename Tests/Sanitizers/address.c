// What the address sanitizer must be told. scripts/sanitize.sh links this into the programs that it
// runs.

// Leaks cannot be looked for: Swift keeps for ever what it made once.
const char *__asan_default_options(void) { return "detect_leaks=0"; }

// Foundation's `Process.run()`, which only the tests use, reads /proc/self/fd and copies each entry
// as a whole `struct dirent`, 256 bytes of name, though the C library's buffer ends where the name
// does (readdir(3)). Seen in the report: the copy begins inside the buffer of opendir and reads past
// its end, and nothing of ours is involved but the call of `run()`.
const char *__asan_default_suppressions(void) {
  return "interceptor_via_fun:*findMaximumOpenFromProcSelfFD*\n";
}
