// What the lottery is compared with: the same bytes in the same frames over the same loopback into
// one file. It does not parse, check or count bets.
//
// An agency says HELLO, sends its file in frames of 8000 bytes with a window of them in flight,
// says FINISHED and waits for the draw, which is an empty acknowledgement to all agencies at once.
// The server acknowledges frames after it has stored them.

#ifndef COPIER_H
#define COPIER_H

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

// The frames of the lottery's protocol (`PROTOCOL.md`, Framing). Numbers are big-endian.
enum { HELLO = 0x01, BATCH = 0x03, FINISHED = 0x04, STORED = 0x82 };

struct __attribute__((packed)) header {
  uint32_t length;  // of what follows, the type included
  uint8_t type;
};

// STORED: all frames up to `frames` are stored.
struct __attribute__((packed)) ack {
  struct header header;
  uint64_t frames;
};

enum {
  FRAME_SIZE = 8000,  // the largest BATCH
  PAYLOAD_SIZE = FRAME_SIZE - sizeof(struct header),
  ROUND = 256,        // events that are taken from an epoll at a time
};

// What the command line asks for.
extern struct options {
  const char *file;
  // The server's port, for the agencies.
  uint16_t port;
  // The server ends with the last of them.
  size_t agencies;
  // The most frames that an agency has in flight, and that the server takes in at a time.
  size_t window;
  // fdatasync before each acknowledgement.
  bool sync;
  // One write and one sync for all that arrived during the previous ones, of a thread for each agency.
  bool group;
  // One thread and one epoll for all connections, instead of a thread each.
  bool epoll;
} options;

// Stores what the agencies send. Prints the port that it listens on.
void run_server(void);

// Plays agencies that all send the file, at once and in one thread. Prints how long that took and,
// if they have one frame in flight at a time, how long each waited for its acknowledgement.
void run_agencies(void);

// Returns the result of a call, or ends the program with errno's reason if it is negative.
static inline int check(long result, const char *call) {
  if (result >= 0) return (int)result;
  perror(call);
  exit(EXIT_FAILURE);
}

// Ends the program because the peer does not keep to the protocol.
static inline _Noreturn void refuse(const char *what) {
  fprintf(stderr, "%s: not in the protocol\n", what);
  exit(EXIT_FAILURE);
}

static inline void *allocate(size_t count, size_t size) {
  void *memory = calloc(count, size);
  check(memory ? 0 : -1, "calloc");
  return memory;
}

// Returns the header of a frame with that many bytes of payload.
static inline struct header make_header(uint8_t type, size_t payload) {
  return (struct header){htobe32((uint32_t)payload + 1), type};
}

// Writes all bytes to a file or a socket.
static inline void write_all(int descriptor, const void *bytes, size_t count) {
  for (const char *next = bytes; count > 0;) {
    int written = check(TEMP_FAILURE_RETRY(write(descriptor, next, count)), "write");
    next += written;
    count -= (size_t)written;
  }
}

// Receives at least one byte. Returns 0 at the end of the connection.
static inline size_t receive_some(int socket, void *bytes, size_t room) {
  return (size_t)check(TEMP_FAILURE_RETRY(recv(socket, bytes, room, 0)), "recv");
}

// Has the kernel send each small frame at once.
static inline void set_no_delay(int socket) {
  check(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), "setsockopt");
}

// Watches a descriptor for input. The epoll returns `data` for it.
static inline void watch(int epoll, int descriptor, void *data) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
  check(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

// Waits for at least one of at most ROUND events. Returns how many there are.
static inline int wait_for_events(int epoll, struct epoll_event *events) {
  return check(TEMP_FAILURE_RETRY(epoll_wait(epoll, events, ROUND, -1)), "epoll_wait");
}

#endif
