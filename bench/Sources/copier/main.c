#include "copier.h"

#include <signal.h>

struct options options;

// copier server FILE AGENCIES WINDOW none|each|group|epoll
// copier agencies FILE AGENCIES WINDOW PORT
int main(int count, char **arguments) {
  if (count != 6) return 64;
  bool is_server = strcmp(arguments[1], "server") == 0;
  const char *last = arguments[5];
  options = (struct options){
    .file = arguments[2],
    .agencies = strtoul(arguments[3], NULL, 10),
    .window = strtoul(arguments[4], NULL, 10),
    .port = (uint16_t)strtoul(last, NULL, 10),
    .sync = strcmp(last, "none") != 0,
    .group = strcmp(last, "group") == 0,
    .epoll = strcmp(last, "epoll") == 0,
  };
  signal(SIGPIPE, SIG_IGN);
  (is_server ? run_server : run_agencies)();
}
