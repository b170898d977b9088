#include "copier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void usage(void) {
  fputs(
    "usage: copier server FILE [--agencies N] [--window W] [--sync] [--group] [--epoll]\n"
    "       copier agencies PORT FILE [--agencies N] [--window W]\n",
    stderr);
  exit(64);
}

static long number(const char *text, long most) {
  char *end;
  long value = text ? strtol(text, &end, 10) : 0;
  if (!text || *end || value < 1 || value > most) usage();
  return value;
}

int main(int count, char **arguments) {
  struct options chosen = {.agencies = 1, .window = 32};
  bool is_server = count > 2 && strcmp(arguments[1], "server") == 0;
  if (!is_server && (count < 4 || strcmp(arguments[1], "agencies") != 0)) usage();
  char **rest = arguments + 2;
  if (!is_server) chosen.port = (uint16_t)number(*rest++, 65535);
  chosen.file = *rest++;
  for (; *rest; rest++) {
    if (strcmp(*rest, "--agencies") == 0) {
      chosen.agencies = (int)number(*++rest, 100000);
    } else if (strcmp(*rest, "--window") == 0) {
      chosen.window = (size_t)number(*++rest, 1024);
    } else if (is_server && strcmp(*rest, "--sync") == 0) {
      chosen.sync = true;
    } else if (is_server && strcmp(*rest, "--group") == 0) {
      chosen.group = true;
    } else if (is_server && strcmp(*rest, "--epoll") == 0) {
      chosen.epoll = true;
    } else {
      usage();
    }
  }
  // With one thread a round of events is already one write.
  if (chosen.epoll && chosen.group) usage();
  if (is_server) {
    run_server(&chosen);
  } else {
    run_agencies(&chosen);
  }
  return EXIT_SUCCESS;
}

void *allocate(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (!memory) fail("calloc");
  return memory;
}

_Noreturn void fail(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}
