#include "copier.h"

#include <pthread.h>

// What epoll returns for the listener. For a connection it returns its address.
#define LISTENER NULL

struct connection {
  int socket;
  // Frames that were taken in after HELLO. FINISHED is one of them.
  uint64_t frames;
  bool has_news, has_finished, is_closed;
  // The frame that has not arrived whole.
  size_t count;
  unsigned char begun[FRAME_SIZE];
};

static struct connection *connections;
// Bytes that are taken in at a time: a window, and a frame that was begun before.
static size_t room_size;
// Threads wait here once their agency has finished.
static pthread_barrier_t draw;

static int file;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
// The group that gathers while another one is written. Each agency waits for its own bytes, so that
// a group never holds more than a window of each.
static unsigned char *gathering, *flushing;
static size_t gathered;
// Groups begun and groups safe.
static uint64_t begun = 1, safe;
static bool is_flushing;
static pthread_cond_t flushed = PTHREAD_COND_INITIALIZER;

static void synchronize(void) {
  if (options.sync) check(fdatasync(file), "fdatasync");
}

// Writes the group that has gathered. The mutex is held on entry and on return, not in between.
static void flush_group(void) {
  unsigned char *group = gathering;
  size_t count = gathered;
  uint64_t number = begun++;
  gathering = flushing;
  flushing = group;
  gathered = 0;
  is_flushing = true;
  pthread_mutex_unlock(&mutex);
  write_all(file, group, count);
  synchronize();
  pthread_mutex_lock(&mutex);
  is_flushing = false;
  safe = number;
  pthread_cond_broadcast(&flushed);
}

static void store_in_group(const unsigned char *bytes, size_t count) {
  pthread_mutex_lock(&mutex);
  memcpy(gathering + gathered, bytes, count);
  gathered += count;
  uint64_t mine = begun;
  while (safe < mine) {
    if (is_flushing) pthread_cond_wait(&flushed, &mutex);
    else flush_group();
  }
  pthread_mutex_unlock(&mutex);
}

// Appends bytes, at most a window, and returns once they are stored as the options say.
static void store(const unsigned char *bytes, size_t count) {
  if (count == 0) return;
  if (options.group) {
    store_in_group(bytes, count);
    return;
  }
  pthread_mutex_lock(&mutex);
  write_all(file, bytes, count);
  pthread_mutex_unlock(&mutex);
  // Not under the mutex: the syncs of several agencies may overlap, which is faster.
  synchronize();
}

// Listens on any free port.
static int listen_somewhere(int type) {
  int listener = check(socket(AF_INET, type, 0), "socket");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  check(bind(listener, (struct sockaddr *)&address, size), "bind");
  check(listen(listener, SOMAXCONN), "listen");
  check(getsockname(listener, (struct sockaddr *)&address, &size), "getsockname");
  printf("listening: %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

// Accepts the next connection. Returns false if none waits.
static bool accept_one(int listener, struct connection *accepted) {
  accepted->socket = accept(listener, NULL, NULL);
  if (accepted->socket < 0 && errno == EAGAIN) return false;
  set_no_delay(check(accepted->socket, "accept"));
  return true;
}

// Returns the size of the frame at `bytes`, or 0 if the first `count` bytes do not hold all of it.
static size_t whole_frame(const unsigned char *bytes, size_t count) {
  if (count < sizeof(struct header)) return 0;
  size_t size = 4 + (size_t)be32toh(((const struct header *)bytes)->length);
  if (size < sizeof(struct header) || size > FRAME_SIZE) refuse("frame length");
  return count < size ? 0 : size;
}

// Receives once, by way of `room`, and puts what is to be stored at `payloads`. Returns its size.
static size_t take_in(struct connection *from, unsigned char *room, unsigned char *payloads) {
  memcpy(room, from->begun, from->count);
  size_t received = receive_some(from->socket, room + from->count, room_size - from->count);
  from->is_closed = received == 0;
  const unsigned char *next = room, *end = room + from->count + received;
  size_t stored = 0;
  for (size_t size; (size = whole_frame(next, (size_t)(end - next))) > 0; next += size) {
    const struct header *header = (const struct header *)next;
    if (header->type == BATCH) {
      memcpy(payloads + stored, header + 1, size - sizeof *header);
      stored += size - sizeof *header;
    }
    from->has_finished |= header->type == FINISHED;
    from->frames += header->type != HELLO;
    from->has_news = true;
  }
  from->count = (size_t)(end - next);
  memcpy(from->begun, next, from->count);
  return stored;
}

static void answer(struct connection *connection) {
  struct ack ack = {make_header(STORED, sizeof ack.frames), htobe64(connection->frames)};
  connection->has_news = false;
  write_all(connection->socket, &ack, sizeof ack);
}

static void *serve(void *argument) {
  struct connection *own = argument;
  unsigned char *room = allocate(1, room_size), *payloads = allocate(1, room_size);
  while (!own->is_closed) {
    store(payloads, take_in(own, room, payloads));
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

static void serve_with_threads(int listener, size_t agencies) {
  pthread_t *threads = allocate(agencies, sizeof *threads);
  pthread_barrier_init(&draw, NULL, (unsigned)agencies);
  for (size_t i = 0; i < agencies; i++) {
    accept_one(listener, &connections[i]);
    check(-pthread_create(&threads[i], NULL, serve, &connections[i]), "pthread_create");
  }
  for (size_t i = 0; i < agencies; i++) pthread_join(threads[i], NULL);
}

// Takes in what has arrived on all connections, stores it with one write, and answers.
static void serve_with_epoll(int listener, size_t agencies) {
  unsigned char *room = allocate(1, room_size), *group = allocate(ROUND, room_size);
  size_t accepted = 0, finished = 0, closed = 0;
  bool is_drawn = false;
  int epoll = check(epoll_create1(0), "epoll_create1");
  watch(epoll, listener, LISTENER);
  while (closed < agencies) {
    struct epoll_event ready[ROUND];
    int count = wait_for_events(epoll, ready);
    size_t size = 0;
    for (int i = 0; i < count; i++) {
      struct connection *from = ready[i].data.ptr;
      if (from == LISTENER) {
        for (; accepted < agencies && accept_one(listener, &connections[accepted]); accepted++) {
          watch(epoll, connections[accepted].socket, &connections[accepted]);
        }
        continue;
      }
      size += take_in(from, room, group + size);
      if (!from->is_closed) continue;
      close(from->socket);
      closed += 1;
    }
    store(group, size);
    for (int i = 0; i < count; i++) {
      struct connection *to = ready[i].data.ptr;
      if (to == LISTENER || !to->has_news) continue;
      answer(to);
      finished += to->has_finished;
    }
    if (is_drawn || finished < agencies) continue;
    is_drawn = true;
    for (size_t i = 0; i < agencies; i++) answer(&connections[i]);
  }
}

void run_server(void) {
  size_t agencies = options.agencies;
  file = check(open(options.file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644), options.file);
  room_size = (options.window + 1) * FRAME_SIZE;
  connections = allocate(agencies, sizeof *connections);
  if (options.group) {
    gathering = allocate(agencies, room_size);
    flushing = allocate(agencies, room_size);
  }
  int listener = listen_somewhere(SOCK_STREAM | (options.epoll ? SOCK_NONBLOCK : 0));
  (options.epoll ? serve_with_epoll : serve_with_threads)(listener, agencies);
}
