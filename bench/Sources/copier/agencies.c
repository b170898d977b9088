#include "copier.h"

#include <sys/stat.h>
#include <time.h>

struct agency {
  int socket;
  uint64_t sent, stored;
  // When the newest frames were sent.
  double sent_at;
  bool waits_for_draw;
};

static int file;
static uint64_t frame_count;
// The frame that is about to be sent.
static struct {
  struct header header;
  unsigned char payload[PAYLOAD_SIZE];
} frame;
static size_t done;

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
  agency->sent_at = now();
  while (agency->sent < frame_count && agency->sent < agency->stored + options.window) {
    off_t place = (off_t)(agency->sent * PAYLOAD_SIZE);
    size_t count = (size_t)check(pread(file, frame.payload, PAYLOAD_SIZE, place), "pread");
    frame.header = make_header(BATCH, count);
    write_all(agency->socket, &frame, sizeof frame.header + count);
    agency->sent += 1;
  }
  if (agency->stored == frame_count) send_empty(agency->socket, FINISHED);
}

// FINISHED counts as a frame, and is acknowledged a second time with the draw.
static void take_ack(struct agency *agency, uint64_t stored) {
  bool is_batch = stored <= frame_count;
  if (options.window == 1 && is_batch && stored > 0) {
    printf("waited: %f\n", (now() - agency->sent_at) * 1000);
  }
  agency->stored = stored;
  if (is_batch) {
    send_more(agency);
  } else if (agency->waits_for_draw) {
    close(agency->socket);
    done += 1;
  } else {
    agency->waits_for_draw = true;
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

void run_agencies(void) {
  size_t agencies = options.agencies;
  struct stat status;
  file = check(open(options.file, O_RDONLY), options.file);
  check(fstat(file, &status), options.file);
  frame_count = ((uint64_t)status.st_size + PAYLOAD_SIZE - 1) / PAYLOAD_SIZE;
  struct agency *crowd = allocate(agencies, sizeof *crowd);

  double start = now();
  for (size_t i = 0; i < agencies; i++) {
    crowd[i].socket = connect_to_server();
    send_empty(crowd[i].socket, HELLO);
  }
  if (agencies > 1) play_with_epoll(crowd);
  while (done < agencies) receive(crowd);
  printf("seconds: %f\n", now() - start);
}
