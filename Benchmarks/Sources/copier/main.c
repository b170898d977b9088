#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copier.h"

static _Noreturn void usage(void) {
  fputs(
    "usage: copier server PORT FILE [--sync] [--group] [--agencies N]\n"
    "       copier agency PORT FILE [--window W]\n",
    stderr);
  exit(64);
}

static long number(const char *text, long most) {
  char *end;
  long value = text ? strtol(text, &end, 10) : 0;
  if (!text || *end || value < 1 || value > most) usage();
  return value;
}

static int server(uint16_t port, const char *file, char **options) {
  struct server_options chosen = {.port = port, .file = file, .agencies = 1};
  for (; *options; options++) {
    if (strcmp(*options, "--sync") == 0) {
      chosen.sync = true;
    } else if (strcmp(*options, "--group") == 0) {
      chosen.group = true;
    } else if (strcmp(*options, "--agencies") == 0) {
      chosen.agencies = (int)number(*++options, 1000);
    } else {
      usage();
    }
  }
  run_server(&chosen);
  return EXIT_SUCCESS;
}

static int agency(uint16_t port, const char *file, char **options) {
  uint64_t window = 1;
  for (; *options; options++) {
    if (strcmp(*options, "--window") != 0) usage();
    window = (uint64_t)number(*++options, 1024);
  }
  run_agency(port, file, window);
  return EXIT_SUCCESS;
}

int main(int count, char **arguments) {
  if (count < 4) usage();
  uint16_t port = (uint16_t)number(arguments[2], 65535);
  if (strcmp(arguments[1], "server") == 0) return server(port, arguments[3], arguments + 4);
  if (strcmp(arguments[1], "agency") == 0) return agency(port, arguments[3], arguments + 4);
  usage();
}
