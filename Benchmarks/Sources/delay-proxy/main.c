// A proxy that puts the server far away: every byte takes a while in each direction, and so does
// the handshake, while the rate stays what loopback gives.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "pipe.h"

static struct sockaddr_in loopback(uint16_t port) {
  return (struct sockaddr_in){
    .sin_family = AF_INET,
    .sin_port = htons(port),
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
}

static void set_option(int socket, int level, int name) {
  int on = 1;
  if (setsockopt(socket, level, name, &on, sizeof on) < 0) fail("setsockopt");
}

static int listen_on(uint16_t port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) fail("socket");
  set_option(listener, SOL_SOCKET, SO_REUSEADDR);
  struct sockaddr_in address = loopback(port);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  if (listen(listener, SOMAXCONN) < 0) fail("listen");
  return listener;
}

static int connect_to(uint16_t port) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection < 0) fail("socket");
  struct sockaddr_in address = loopback(port);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
  set_option(connection, IPPROTO_TCP, TCP_NODELAY);
  return connection;
}

// The kernel answers SYN at once. What the agency says behind it arrives when it would have
// arrived: after the handshake's round trip and its own way.
static void start_connection(int agency, int server, int64_t delay) {
  int64_t accepted = now_ns();
  start_pipe(&(struct pipe_options){
    .from = agency, .to = server, .delay_ns = delay, .opens_ns = accepted + 3 * delay});
  start_pipe(&(struct pipe_options){.from = server, .to = agency, .delay_ns = delay});
}

int main(int count, char **arguments) {
  if (count != 4) {
    fputs("usage: delay-proxy PORT SERVER_PORT MILLISECONDS_EACH_WAY\n", stderr);
    return 64;
  }
  int listener = listen_on((uint16_t)atoi(arguments[1]));
  uint16_t server = (uint16_t)atoi(arguments[2]);
  int64_t delay = atoi(arguments[3]) * INT64_C(1000000);
  puts("listening");
  fflush(stdout);
  while (1) {
    int agency = accept(listener, NULL, NULL);
    if (agency < 0) fail("accept");
    set_option(agency, IPPROTO_TCP, TCP_NODELAY);
    start_connection(agency, connect_to(server), delay);
  }
}
