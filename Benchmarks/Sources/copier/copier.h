// What the lottery is compared with: the same bytes in the same frames over the same loopback into
// one file. It does not parse, check or count bets.
//
// An agency says HELLO, sends its file in frames of 8000 bytes with a window of them in flight,
// says FINISHED and waits for the draw, which is an empty acknowledgement to all agencies at once.
// The server acknowledges frames once they are stored.

#ifndef COPIER_H
#define COPIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The frames of the lottery's protocol (`PROTOCOL.md`, Framing).
enum { HELLO = 0x01, BATCH = 0x03, FINISHED = 0x04, STORED = 0x82 };

enum {
  HEADER_SIZE = 5,                            // length u32, type u8
  FRAME_SIZE = 8000,                          // the largest BATCH
  PAYLOAD_SIZE = FRAME_SIZE - HEADER_SIZE,
  ACK_SIZE = HEADER_SIZE + 8,                 // STORED: a u64
};

// Writes the header of a frame whose payload of that size follows it.
void put_header(unsigned char *frame, uint8_t type, size_t payload);

// Returns the size of the payload of the frame at `bytes`, or -1 if the first `count` bytes do not
// hold the whole frame. Ends the program if the length is out of range.
long whole_payload(const unsigned char *bytes, size_t count);

// Sends an acknowledgement of all frames up to `frames`.
void send_ack(int socket, uint64_t frames);

// Returns how many frames the acknowledgement at `ack` covers.
uint64_t acked_frames(const unsigned char *ack);

// Sends all bytes.
void send_all(int socket, const unsigned char *bytes, size_t count);

// Receives at least a byte; returns 0 at the end of the connection.
size_t receive_some(int socket, unsigned char *bytes, size_t room);

struct options {
  const char *file;
  // Of the server, that the agencies connect to.
  uint16_t port;
  // The server ends with the last of them.
  int agencies;
  // The most frames that an agency has in flight, and that the server takes in at a time.
  size_t window;
  // fdatasync before each acknowledgement.
  bool sync;
  // One write and one sync for all that came while the one before was under way.
  bool group;
  // One thread and one epoll for all connections, instead of a thread each.
  bool epoll;
};

// Stores what the agencies send in `file`. Prints the port that it listens on.
void run_server(const struct options *options);

// Plays agencies that all send `file`, at once and in one thread. Prints how long that took, and
// how long frames waited for their acknowledgements.
void run_agencies(const struct options *options);

// Makes the file of `options`, empty.
void open_storage(const struct options *options);

// Appends `count` bytes, at most a window, and returns once they are stored as the options say.
void store(const unsigned char *bytes, size_t count);

// Returns zeroed memory for `count` things of that size, or ends the program.
void *allocate(size_t count, size_t size);

// Ends the program with what failed and errno's reason.
_Noreturn void fail(const char *what);

#endif
