#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crowd.h"
#include "wire.h"

// Events that are taken at a time.
enum { ROUND = 256 };

// What epoll says of the listener; of a connection it says its index.
static const uint64_t LISTENER = UINT64_MAX;

struct connection {
  int socket;
  // Frames that were taken in since HELLO; FINISHED is one of them.
  uint64_t frames;
  bool has_news, has_finished;
  size_t count;
  unsigned char bytes[BUFFER_SIZE];
};

static int file, events;
static struct connection *connections;
static int accepted, finished, closed;
// What one round of events has brought, to be stored together.
static unsigned char group[ROUND * BUFFER_SIZE];
static size_t grouped;

static void watch(int descriptor, uint64_t index) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = index};
  if (epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll_ctl");
}

static void accept_all(int listener, int agencies) {
  while (accepted < agencies) {
    int socket = accept(listener, NULL, NULL);
    if (socket < 0 && errno == EAGAIN) return;
    if (socket < 0) fail("accept");
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections[accepted].socket = socket;
    watch(socket, (uint64_t)accepted++);
  }
}

static void take_frame(struct connection *from, const unsigned char *frame, size_t payload) {
  if (frame[4] == BATCH) {
    memcpy(group + grouped, frame + HEADER_SIZE, payload);
    grouped += payload;
  }
  if (frame[4] == FINISHED) from->has_finished = true;
  if (frame[4] != HELLO) from->frames += 1;
  from->has_news = true;
}

static void receive_from(struct connection *from) {
  size_t received =
    receive_some(from->socket, from->bytes + from->count, sizeof from->bytes - from->count);
  if (received == 0) {
    close(from->socket);
    closed += 1;
    return;
  }
  from->count += received;
  size_t taken = 0;
  long payload;
  while ((payload = whole_payload(from->bytes + taken, from->count - taken)) >= 0) {
    take_frame(from, from->bytes + taken, (size_t)payload);
    taken += HEADER_SIZE + (size_t)payload;
  }
  from->count -= taken;
  memmove(from->bytes, from->bytes + taken, from->count);
}

static void store_group(void) {
  for (size_t done = 0; done < grouped;) {
    ssize_t written = write(file, group + done, grouped - done);
    if (written < 0) fail("write");
    done += (size_t)written;
  }
  if (grouped > 0 && fdatasync(file) < 0) fail("fdatasync");
  grouped = 0;
}

static void answer(struct connection *connection) {
  if (!connection->has_news) return;
  connection->has_news = false;
  send_ack(connection->socket, connection->frames);
  if (connection->has_finished) finished += 1;
}

// Takes in what has come from everybody, stores it at one go, and answers.
static void play_round(const struct epoll_event *ready, int count, int listener, int agencies) {
  for (int i = 0; i < count; i++) {
    if (ready[i].data.u64 == LISTENER) {
      accept_all(listener, agencies);
    } else {
      receive_from(&connections[ready[i].data.u64]);
    }
  }
  store_group();
  bool was_drawn = finished == agencies;
  for (int i = 0; i < count; i++) {
    if (ready[i].data.u64 != LISTENER) answer(&connections[ready[i].data.u64]);
  }
  if (was_drawn || finished < agencies) return;
  // The draw: everybody is told at once.
  for (int i = 0; i < agencies; i++) send_ack(connections[i].socket, connections[i].frames);
}

void serve_crowd(int listener, int agencies, const char *output) {
  file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
  if (file < 0) fail(output);
  events = epoll_create1(0);
  if (events < 0) fail("epoll_create1");
  connections = calloc((size_t)agencies, sizeof *connections);
  if (!connections) fail("calloc");
  watch(listener, LISTENER);
  while (closed < agencies) {
    struct epoll_event ready[ROUND];
    int count = epoll_wait(events, ready, ROUND, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    play_round(ready, count, listener, agencies);
  }
}
