#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "copier.h"

// Events that are taken at a time.
enum { ROUND = 256 };

struct agency {
  int socket;
  enum { GREETING, SENDING, FINISHING, WAITING } stage;
  uint64_t sent, stored;
  // When the frames in flight were sent: frame n at n modulo the window.
  double *sent_at;
};

static int file;
static uint64_t frame_count;
static size_t window;
// A window of frames, about to be sent.
static unsigned char *frames;
// Seconds from sending each frame of each agency to its acknowledgement.
static double *latencies;
static size_t latency_count;
static int done;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
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
  size_t size = 0;
  double time = now();
  while (agency->sent < frame_count && agency->sent < agency->stored + window) {
    ssize_t count =
      pread(file, frames + size + HEADER_SIZE, PAYLOAD_SIZE, (off_t)(agency->sent * PAYLOAD_SIZE));
    if (count <= 0) fail("read");
    put_header(frames + size, BATCH, (size_t)count);
    size += HEADER_SIZE + (size_t)count;
    agency->sent_at[agency->sent++ % window] = time;
  }
  if (size > 0) send_all(agency->socket, frames, size);
  if (agency->stored == frame_count) {
    send_empty(agency->socket, FINISHED);
    agency->stage = FINISHING;
  }
}

static void take_ack(struct agency *agency, uint64_t stored) {
  double time = now();
  for (uint64_t i = agency->stored; i < stored && i < frame_count; i++) {
    latencies[latency_count++] = time - agency->sent_at[i % window];
  }
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

static void play_with_epoll(struct agency *crowd, int agencies) {
  int events = epoll_create1(0);
  if (events < 0) fail("epoll_create1");
  for (int i = 0; i < agencies; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &crowd[i]};
    if (epoll_ctl(events, EPOLL_CTL_ADD, crowd[i].socket, &event) < 0) fail("epoll_ctl");
  }
  while (done < agencies) {
    struct epoll_event ready[ROUND];
    int count = epoll_wait(events, ready, ROUND, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) receive(ready[i].data.ptr);
  }
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

// Milliseconds within which that part of all frames was acknowledged, after sorting.
static double percentile(double part) {
  return latency_count == 0 ? 0 : latencies[(size_t)((double)(latency_count - 1) * part)] * 1000;
}

void run_agencies(const struct options *options) {
  struct stat status;
  file = open(options->file, O_RDONLY);
  if (file < 0 || fstat(file, &status) < 0) fail(options->file);
  frame_count = ((uint64_t)status.st_size + PAYLOAD_SIZE - 1) / PAYLOAD_SIZE;
  window = options->window;
  size_t agencies = (size_t)options->agencies;
  frames = allocate(window, FRAME_SIZE);
  latencies = allocate(agencies * frame_count + 1, sizeof *latencies);
  struct agency *crowd = allocate(agencies, sizeof *crowd);
  double *sent_at = allocate(agencies * window, sizeof *sent_at);

  double start = now();
  for (size_t i = 0; i < agencies; i++) {
    crowd[i].sent_at = sent_at + i * window;
    crowd[i].socket = connect_to(options->port);
    send_empty(crowd[i].socket, HELLO);
  }
  if (agencies > 1) {
    play_with_epoll(crowd, options->agencies);
  } else {
    while (done < 1) receive(crowd);
  }
  double seconds = now() - start;
  qsort(latencies, latency_count, sizeof *latencies, compare);
  printf("seconds: %f | p50: %f | p99: %f\n", seconds, percentile(0.5), percentile(0.99));
}
