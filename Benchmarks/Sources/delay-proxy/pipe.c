#include "pipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
  CHUNK_SIZE = 64 * 1024,
  // What may be on its way: 64 MiB in 50 ms is more than any agency sends.
  CHUNK_LIMIT = 1024,
};

struct chunk {
  int64_t due_ns;
  size_t size;
  unsigned char bytes[CHUNK_SIZE];
};

// A ring of chunks between the two threads. A chunk of size 0 is the end.
struct pipe {
  struct pipe_options options;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  struct chunk *chunks[CHUNK_LIMIT];
  size_t first, count;
};

int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void sleep_until(int64_t ns) {
  struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) continue;
}

static void put(struct pipe *pipe, struct chunk *chunk) {
  pthread_mutex_lock(&pipe->mutex);
  while (pipe->count == CHUNK_LIMIT) pthread_cond_wait(&pipe->changed, &pipe->mutex);
  pipe->chunks[(pipe->first + pipe->count) % CHUNK_LIMIT] = chunk;
  pipe->count += 1;
  pthread_cond_broadcast(&pipe->changed);
  pthread_mutex_unlock(&pipe->mutex);
}

static struct chunk *take(struct pipe *pipe) {
  pthread_mutex_lock(&pipe->mutex);
  while (pipe->count == 0) pthread_cond_wait(&pipe->changed, &pipe->mutex);
  struct chunk *chunk = pipe->chunks[pipe->first];
  pipe->first = (pipe->first + 1) % CHUNK_LIMIT;
  pipe->count -= 1;
  pthread_cond_broadcast(&pipe->changed);
  pthread_mutex_unlock(&pipe->mutex);
  return chunk;
}

static void *take_in(void *argument) {
  struct pipe *pipe = argument;
  size_t size;
  do {
    struct chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) fail("malloc");
    // A reset is an end like any other.
    ssize_t received = recv(pipe->options.from, chunk->bytes, sizeof chunk->bytes, 0);
    size = received > 0 ? (size_t)received : 0;
    int64_t due = now_ns() + pipe->options.delay_ns;
    chunk->due_ns = due > pipe->options.opens_ns ? due : pipe->options.opens_ns;
    chunk->size = size;
    put(pipe, chunk);
  } while (size > 0);
  return NULL;
}

static void *hand_out(void *argument) {
  struct pipe *pipe = argument;
  bool at_end = false;
  while (!at_end) {
    struct chunk *chunk = take(pipe);
    sleep_until(chunk->due_ns);
    at_end = chunk->size == 0;
    for (size_t sent = 0; sent < chunk->size;) {
      ssize_t count =
        send(pipe->options.to, chunk->bytes + sent, chunk->size - sent, MSG_NOSIGNAL);
      // Whoever does not listen any more misses the rest.
      if (count < 0) break;
      sent += (size_t)count;
    }
    free(chunk);
  }
  shutdown(pipe->options.to, SHUT_WR);
  return NULL;
}

static void start_thread(void *(*body)(void *), struct pipe *pipe) {
  pthread_t thread;
  errno = pthread_create(&thread, NULL, body, pipe);
  if (errno != 0) fail("pthread_create");
  pthread_detach(thread);
}

void start_pipe(const struct pipe_options *options) {
  // The proxy lives as long as one measurement: pipes and sockets are given back at its end.
  struct pipe *pipe = calloc(1, sizeof *pipe);
  if (!pipe) fail("calloc");
  pipe->options = *options;
  pthread_mutex_init(&pipe->mutex, NULL);
  pthread_cond_init(&pipe->changed, NULL);
  start_thread(take_in, pipe);
  start_thread(hand_out, pipe);
}

_Noreturn void fail(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}
