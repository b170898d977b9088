#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "copier.h"

// Events that are taken at a time.
enum { ROUND = 256 };

// What epoll says of the listener; of a connection it says its address.
#define LISTENER NULL

struct connection {
  int socket;
  // Frames that were taken in after HELLO; FINISHED is one of them.
  uint64_t frames;
  bool has_news, has_finished, is_closed;
  // The frame that has not come whole.
  size_t count;
  unsigned char begun[FRAME_SIZE];
};

static struct connection *connections;
// Bytes that are taken in at a time: a window, and a frame that was begun before.
static size_t room_size;
// Threads meet here once their agency has finished.
static pthread_barrier_t draw;

// Listens on any free port.
static int listen_somewhere(int type) {
  int listener = socket(AF_INET, type, 0);
  if (listener < 0) fail("socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) < 0) fail("bind");
  if (listen(listener, SOMAXCONN) < 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) fail("getsockname");
  printf("listening: %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

// Accepts the next connection; false if none waits.
static bool accept_one(int listener, struct connection *accepted) {
  accepted->socket = accept(listener, NULL, NULL);
  if (accepted->socket < 0 && errno == EAGAIN) return false;
  if (accepted->socket < 0) fail("accept");
  int on = 1;
  setsockopt(accepted->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return true;
}

static void note(struct connection *from, uint8_t type) {
  if (type == FINISHED) from->has_finished = true;
  if (type != HELLO) from->frames += 1;
  from->has_news = true;
}

// Receives once, by way of `room`, and puts what is to be stored at `payloads`. Returns its size.
static size_t take_in(struct connection *from, unsigned char *room, unsigned char *payloads) {
  memcpy(room, from->begun, from->count);
  size_t received = receive_some(from->socket, room + from->count, room_size - from->count);
  from->is_closed = received == 0;
  size_t end = from->count + received, taken = 0, size = 0;
  long payload;
  while ((payload = whole_payload(room + taken, end - taken)) >= 0) {
    uint8_t type = room[taken + HEADER_SIZE - 1];
    if (type == BATCH) {
      memcpy(payloads + size, room + taken + HEADER_SIZE, (size_t)payload);
      size += (size_t)payload;
    }
    note(from, type);
    taken += HEADER_SIZE + (size_t)payload;
  }
  from->count = end - taken;
  memcpy(from->begun, room + taken, from->count);
  return size;
}

static void answer(struct connection *connection) {
  connection->has_news = false;
  send_ack(connection->socket, connection->frames);
}

static void *serve(void *argument) {
  struct connection *own = argument;
  unsigned char *room = allocate(1, room_size), *payloads = allocate(1, room_size);
  while (!own->is_closed) {
    size_t size = take_in(own, room, payloads);
    if (size > 0) store(payloads, size);
    if (!own->has_news) continue;
    answer(own);
    if (!own->has_finished) continue;
    pthread_barrier_wait(&draw);
    answer(own);
    own->has_finished = false;
  }
  close(own->socket);
  free(room);
  free(payloads);
  return NULL;
}

static void serve_with_threads(int listener, int agencies) {
  pthread_t *threads = allocate((size_t)agencies, sizeof *threads);
  pthread_barrier_init(&draw, NULL, (unsigned)agencies);
  for (int i = 0; i < agencies; i++) {
    accept_one(listener, &connections[i]);
    errno = pthread_create(&threads[i], NULL, serve, &connections[i]);
    if (errno != 0) fail("pthread_create");
  }
  for (int i = 0; i < agencies; i++) pthread_join(threads[i], NULL);
}

static void watch(int events, int descriptor, void *data) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
  if (epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) < 0) fail("epoll_ctl");
}

// Takes in what has come on all connections, stores it at one go, and answers.
static void serve_with_epoll(int listener, int agencies) {
  unsigned char *room = allocate(1, room_size), *group = allocate(ROUND, room_size);
  int accepted = 0, finished = 0, closed = 0;
  bool is_drawn = false;
  int events = epoll_create1(0);
  if (events < 0) fail("epoll_create1");
  watch(events, listener, LISTENER);
  while (closed < agencies) {
    struct epoll_event ready[ROUND];
    int count = epoll_wait(events, ready, ROUND, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    size_t size = 0;
    for (int i = 0; i < count; i++) {
      struct connection *from = ready[i].data.ptr;
      if (from == LISTENER) {
        for (; accepted < agencies && accept_one(listener, &connections[accepted]); accepted++) {
          watch(events, connections[accepted].socket, &connections[accepted]);
        }
        continue;
      }
      size += take_in(from, room, group + size);
      if (!from->is_closed) continue;
      close(from->socket);
      closed += 1;
    }
    if (size > 0) store(group, size);
    for (int i = 0; i < count; i++) {
      struct connection *to = ready[i].data.ptr;
      if (to == LISTENER || !to->has_news) continue;
      answer(to);
      if (to->has_finished) finished += 1;
    }
    if (is_drawn || finished < agencies) continue;
    is_drawn = true;
    for (int i = 0; i < agencies; i++) answer(&connections[i]);
  }
}

void run_server(const struct options *options) {
  open_storage(options);
  room_size = (options->window + 1) * FRAME_SIZE;
  connections = allocate((size_t)options->agencies, sizeof *connections);
  int listener = listen_somewhere(SOCK_STREAM | (options->epoll ? SOCK_NONBLOCK : 0));
  (options->epoll ? serve_with_epoll : serve_with_threads)(listener, options->agencies);
}
