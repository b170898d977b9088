#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "copier.h"
#include "storage.h"
#include "wire.h"

static int listen_on(uint16_t port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) fail("socket");
  int on = 1;
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) fail("SO_REUSEADDR");
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons(port),
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  if (listen(listener, SOMAXCONN) < 0) fail("listen");
  return listener;
}

static int accept_from(int listener) {
  int connection = accept(listener, NULL, NULL);
  if (connection < 0) fail("accept");
  int on = 1;
  if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) fail("TCP_NODELAY");
  return connection;
}

// Stores the whole frames among the first `*count` bytes and leaves the rest at the beginning.
// Returns how many frames those were.
static uint64_t store_frames(unsigned char *bytes, size_t *count) {
  unsigned char payloads[BUFFER_SIZE];
  size_t size = 0, taken = 0;
  uint64_t frames = 0;
  long payload;
  while ((payload = whole_payload(bytes + taken, *count - taken)) >= 0) {
    memcpy(payloads + size, bytes + taken + HEADER_SIZE, (size_t)payload);
    size += (size_t)payload;
    taken += HEADER_SIZE + (size_t)payload;
    frames += 1;
  }
  if (frames > 0) store(payloads, size);
  *count -= taken;
  memmove(bytes, bytes + taken, *count);
  return frames;
}

static void *serve(void *argument) {
  int connection = (int)(intptr_t)argument;
  unsigned char bytes[BUFFER_SIZE];
  size_t count = 0, received;
  uint64_t stored = 0;
  while ((received = receive_some(connection, bytes + count, sizeof bytes - count)) > 0) {
    count += received;
    uint64_t frames = store_frames(bytes, &count);
    stored += frames;
    if (frames > 0) send_ack(connection, stored);
  }
  close(connection);
  return NULL;
}

void run_server(const struct server_options *options) {
  open_storage(options);
  int listener = listen_on(options->port);
  puts("listening");
  fflush(stdout);
  pthread_t *threads = calloc((size_t)options->agencies, sizeof *threads);
  if (!threads) fail("calloc");
  for (int i = 0; i < options->agencies; i++) {
    void *connection = (void *)(intptr_t)accept_from(listener);
    errno = pthread_create(&threads[i], NULL, serve, connection);
    if (errno != 0) fail("pthread_create");
  }
  for (int i = 0; i < options->agencies; i++) pthread_join(threads[i], NULL);
  free(threads);
  close(listener);
}
