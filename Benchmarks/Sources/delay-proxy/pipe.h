// One direction of a connection, delayed.

#ifndef PIPE_H
#define PIPE_H

#include <stdint.h>

struct pipe_options {
  int from, to;
  // How long each byte is on its way.
  int64_t delay_ns;
  // Nothing arrives before this time of CLOCK_MONOTONIC: the connection is not there yet.
  int64_t opens_ns;
};

// Passes on what comes, until its end, on two threads of its own: one takes in at once whatever
// there is, so that the rate stays unlimited, the other hands it out when its time has come.
void start_pipe(const struct pipe_options *options);

// The time of CLOCK_MONOTONIC.
int64_t now_ns(void);

// Ends the program with what failed and errno's reason.
_Noreturn void fail(const char *what);

#endif
