#include "copier.h"

#include <signal.h>

struct options options = {.agencies = 1, .window = 32};

static _Noreturn void usage(void) {
  fputs(
    "usage: copier server FILE [--agencies N] [--window W] [--sync] [--group] [--epoll]\n"
    "       copier agencies PORT FILE [--agencies N] [--window W]\n",
    stderr);
  exit(64);
}

static unsigned number(const char *text, long most) {
  char *end;
  long value = text ? strtol(text, &end, 10) : 0;
  if (!text || *end || value < 1 || value > most) usage();
  return (unsigned)value;
}

int main(int count, char **arguments) {
  bool is_server = count > 2 && strcmp(arguments[1], "server") == 0;
  if (!is_server && (count < 4 || strcmp(arguments[1], "agencies") != 0)) usage();
  char **rest = arguments + 2;
  if (!is_server) options.port = (uint16_t)number(*rest++, 65535);
  options.file = *rest++;
  for (; *rest; rest++) {
    if (strcmp(*rest, "--agencies") == 0) options.agencies = number(*++rest, 100000);
    else if (strcmp(*rest, "--window") == 0) options.window = number(*++rest, 1024);
    else if (is_server && strcmp(*rest, "--sync") == 0) options.sync = true;
    else if (is_server && strcmp(*rest, "--group") == 0) options.group = true;
    else if (is_server && strcmp(*rest, "--epoll") == 0) options.epoll = true;
    else usage();
  }
  // With one thread a round of events is already one write.
  if (options.epoll && options.group) usage();
  signal(SIGPIPE, SIG_IGN);
  (is_server ? run_server : run_agencies)();
}
