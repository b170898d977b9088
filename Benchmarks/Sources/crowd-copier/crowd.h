// A crowd of agencies that do nothing but move their bytes: what the kernel takes for as many
// connections and messages, on one thread each side. What the lottery's crowds are compared with.

#ifndef CROWD_H
#define CROWD_H

#include <stdint.h>

// Takes in the frames of `agencies` connections that come over `listener` and stores them in
// `output`: what has come from all of them is written and synced together, then acknowledged.
void serve_crowd(int listener, int agencies, const char *output);

// Plays `agencies` agencies at once, each of which sends `file` with at most `window` frames ahead
// of their acknowledgements. Returns the seconds from the first connection to the last answer.
double play_crowd(uint16_t port, int agencies, uint64_t window, const char *file);

#endif
