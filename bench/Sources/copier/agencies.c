#include "copier.h"

#include <sys/stat.h>
#include <time.h>

struct agency {
  int socket;
  enum { GREETING, SENDING, FINISHING, WAITING } stage;
  uint64_t sent, stored;
  // When the frames in flight were sent: frame n at n modulo the window.
  double *sent_at;
};

static int file;
static uint64_t frame_count;
// The frame that is about to be sent.
static unsigned char *frame;
// Seconds from sending each frame of each agency to its acknowledgement.
static double *latencies;
static size_t latency_count, done;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int connect_to_server(void) {
  int connection = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons(options.port),
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  check(connect(connection, (struct sockaddr *)&address, sizeof address), "connect");
  set_no_delay(connection);
  return connection;
}

static void send_empty(int socket, uint8_t type) {
  struct header header = make_header(type, 0);
  write_all(socket, &header, sizeof header);
}

// Fills the window, or says that this was all. Each frame has a call of its own, as ours has.
static void send_more(struct agency *agency) {
  double time = now();
  while (agency->sent < frame_count && agency->sent < agency->stored + options.window) {
    struct header *header = (struct header *)frame;
    off_t place = (off_t)(agency->sent * PAYLOAD_SIZE);
    size_t count = (size_t)check(pread(file, header + 1, PAYLOAD_SIZE, place), "pread");
    *header = make_header(BATCH, count);
    write_all(agency->socket, frame, sizeof *header + count);
    agency->sent_at[agency->sent++ % options.window] = time;
  }
  if (agency->stored == frame_count) {
    send_empty(agency->socket, FINISHED);
    agency->stage = FINISHING;
  }
}

static void take_ack(struct agency *agency, uint64_t stored) {
  double time = now();
  for (uint64_t i = agency->stored; i < stored && i < frame_count; i++) {
    latencies[latency_count++] = time - agency->sent_at[i % options.window];
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
  }
}

static void receive(struct agency *agency) {
  struct ack acks[16];
  size_t count = receive_some(agency->socket, acks, sizeof acks);
  // Acknowledgements are sent whole and fit into the room whole.
  if (count == 0 || count % sizeof *acks != 0) refuse("acknowledgement");
  for (size_t i = 0; i < count / sizeof *acks; i++) take_ack(agency, be64toh(acks[i].frames));
}

static void play_with_epoll(struct agency *crowd) {
  int epoll = check(epoll_create1(0), "epoll_create1");
  for (size_t i = 0; i < options.agencies; i++) watch(epoll, crowd[i].socket, &crowd[i]);
  while (done < options.agencies) {
    struct epoll_event ready[ROUND];
    int count = wait_for_events(epoll, ready);
    for (int i = 0; i < count; i++) receive(ready[i].data.ptr);
  }
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

// Returns the milliseconds within which that part of all frames was acknowledged, after sorting.
static double percentile(double part) {
  return latency_count == 0 ? 0 : latencies[(size_t)((double)(latency_count - 1) * part)] * 1000;
}

void run_agencies(void) {
  size_t agencies = options.agencies, window = options.window;
  struct stat status;
  file = check(open(options.file, O_RDONLY), options.file);
  check(fstat(file, &status), options.file);
  frame_count = ((uint64_t)status.st_size + PAYLOAD_SIZE - 1) / PAYLOAD_SIZE;
  frame = allocate(1, FRAME_SIZE);
  latencies = allocate(agencies * frame_count + 1, sizeof *latencies);
  struct agency *crowd = allocate(agencies, sizeof *crowd);
  double *sent_at = allocate(agencies * window, sizeof *sent_at);

  double start = now();
  for (size_t i = 0; i < agencies; i++) {
    crowd[i].sent_at = sent_at + i * window;
    crowd[i].socket = connect_to_server();
    send_empty(crowd[i].socket, HELLO);
  }
  if (agencies > 1) play_with_epoll(crowd);
  while (done < agencies) receive(crowd);
  double seconds = now() - start;
  qsort(latencies, latency_count, sizeof *latencies, compare);
  printf("seconds: %f | p50: %f | p99: %f\n", seconds, percentile(0.5), percentile(0.99));
}
