// What the lottery is compared with: the same bytes in the same frames over the same loopback into
// one file, and nothing else. Nobody parses, checks or counts a bet.

#ifndef COPIER_H
#define COPIER_H

#include <stdbool.h>
#include <stdint.h>

struct server_options {
  uint16_t port;
  const char *file;
  // How many agencies to wait for: the server ends with the last.
  int agencies;
  // fdatasync before each acknowledgement.
  bool sync;
  // What all agencies have sent is written and synced together, as the lottery does.
  bool group;
};

// Takes in what the agencies send. A thread each.
void run_server(const struct server_options *options);

// Sends `file` in frames of 8000 bytes, at most `window` of them ahead of their acknowledgements.
void run_agency(uint16_t port, const char *file, uint64_t window);

#endif
