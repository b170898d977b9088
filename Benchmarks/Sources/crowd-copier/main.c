#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"
#include "wire.h"

// Listens on any free port, and says on which.
static int listen_somewhere(uint16_t *port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (listener < 0) fail("socket");
  struct sockaddr_in address = {
    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) < 0) fail("bind");
  if (listen(listener, SOMAXCONN) < 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) fail("getsockname");
  *port = ntohs(address.sin_port);
  return listener;
}

int main(int count, char **arguments) {
  int agencies = count == 5 ? atoi(arguments[1]) : 0;
  int window = count == 5 ? atoi(arguments[2]) : 0;
  if (agencies < 1 || window < 1) {
    fputs("usage: crowd-copier AGENCIES WINDOW FILE OUTPUT\n", stderr);
    return 64;
  }
  uint16_t port;
  int listener = listen_somewhere(&port);
  pid_t server = fork();
  if (server < 0) fail("fork");
  if (server == 0) {
    // Without its agencies it would wait for ever.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve_crowd(listener, agencies, arguments[4]);
    return EXIT_SUCCESS;
  }
  close(listener);
  double seconds = play_crowd(port, agencies, (uint64_t)window, arguments[3]);
  int status;
  if (waitpid(server, &status, 0) < 0) fail("waitpid");
  if (status != 0) return EXIT_FAILURE;
  printf("seconds: %f\n", seconds);
  return EXIT_SUCCESS;
}
