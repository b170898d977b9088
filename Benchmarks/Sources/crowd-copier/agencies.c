#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crowd.h"
#include "wire.h"

// Events that are taken at a time.
enum { ROUND = 256 };

struct agency {
  int socket;
  enum { GREETING, SENDING, FINISHING, WAITING } stage;
  uint64_t sent, stored;
};

// All agencies send the same frames.
static unsigned char *frames;
static size_t frames_size;
static uint64_t frame_count, most_ahead;
static int done;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void read_frames(const char *path) {
  int file = open(path, O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) < 0) fail(path);
  frame_count = ((uint64_t)status.st_size + PAYLOAD_SIZE - 1) / PAYLOAD_SIZE;
  frames = malloc(frame_count * FRAME_SIZE + 1);
  if (!frames) fail("malloc");
  for (uint64_t i = 0; i < frame_count; i++) {
    ssize_t count = read(file, frames + frames_size + HEADER_SIZE, PAYLOAD_SIZE);
    if (count <= 0) fail(path);
    put_header(frames + frames_size, BATCH, (size_t)count);
    frames_size += HEADER_SIZE + (size_t)count;
  }
  close(file);
}

static int connect_to(uint16_t port) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection < 0) fail("socket");
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons(port),
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connection;
}

static void send_empty(int socket, uint8_t type) {
  unsigned char frame[HEADER_SIZE];
  put_header(frame, type, 0);
  send_all(socket, frame, sizeof frame);
}

// Fills the window, or says that this was all.
static void send_more(struct agency *agency) {
  uint64_t end = agency->stored + most_ahead;
  if (end > frame_count) end = frame_count;
  // All frames but the last are of one size.
  size_t from = agency->sent * FRAME_SIZE;
  size_t to = end == frame_count ? frames_size : end * FRAME_SIZE;
  if (to > from) send_all(agency->socket, frames + from, to - from);
  agency->sent = end;
  if (agency->stored == frame_count) {
    send_empty(agency->socket, FINISHED);
    agency->stage = FINISHING;
  }
}

static void take_ack(struct agency *agency, uint64_t stored) {
  agency->stored = stored;
  switch (agency->stage) {
  case GREETING:
    agency->stage = SENDING;
    send_more(agency);
    break;
  case SENDING:
    send_more(agency);
    break;
  case FINISHING:
    agency->stage = WAITING;
    break;
  case WAITING:
    close(agency->socket);
    done += 1;
    break;
  }
}

static void receive(struct agency *agency) {
  unsigned char acks[16 * ACK_SIZE];
  size_t count = receive_some(agency->socket, acks, sizeof acks);
  // Acknowledgements are sent whole and fit into the room whole.
  if (count == 0 || count % ACK_SIZE != 0) {
    errno = EPROTO;
    fail("acknowledgement");
  }
  for (size_t at = 0; at < count; at += ACK_SIZE) take_ack(agency, acked_frames(acks + at));
}

double play_crowd(uint16_t port, int agencies, uint64_t window, const char *file) {
  read_frames(file);
  most_ahead = window;
  struct agency *crowd = calloc((size_t)agencies, sizeof *crowd);
  int events = epoll_create1(0);
  if (!crowd || events < 0) fail("epoll_create1");
  double start = now();
  for (int i = 0; i < agencies; i++) {
    crowd[i].socket = connect_to(port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &crowd[i]};
    if (epoll_ctl(events, EPOLL_CTL_ADD, crowd[i].socket, &event) < 0) fail("epoll_ctl");
    send_empty(crowd[i].socket, HELLO);
  }
  while (done < agencies) {
    struct epoll_event ready[ROUND];
    int count = epoll_wait(events, ready, ROUND, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) receive(ready[i].data.ptr);
  }
  return now() - start;
}
