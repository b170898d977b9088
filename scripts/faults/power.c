/* Loaded into the server with LD_PRELOAD: notes what has reached the disk, so that a loss of power
 * can be played, and lets one sync fail.
 *
 *   POWER_NOTES=FILE    gets a line "NAME SIZE" for every sync of a file or directory that returned
 *   POWER_FAIL=NAME:N   makes the Nth sync of the file NAME fail with EIO
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int notes = -1;
static char failing_name[NAME_MAX + 1];
static atomic_int syncs_until_failure;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("POWER_NOTES");
  if (path) notes = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const char *fail = getenv("POWER_FAIL");
  int count = 0;
  if (fail && sscanf(fail, "%255[^:]:%d", failing_name, &count) == 2) syncs_until_failure = count;
}

/* The last part of the path of an open file. */
static void name_of(int descriptor, char *name, size_t room) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  const char *slash = strrchr(path, '/');
  snprintf(name, room, "%s", slash ? slash + 1 : path);
}

static int synchronize(long call, int descriptor) {
  char name[NAME_MAX + 1];
  name_of(descriptor, name, sizeof name);
  if (!strcmp(name, failing_name) && atomic_fetch_sub(&syncs_until_failure, 1) == 1) {
    errno = EIO;
    return -1;
  }
  /* Before the sync: what is written while it runs is not covered by it. */
  struct stat status;
  int known = fstat(descriptor, &status) == 0;
  int result = (int)syscall(call, descriptor);
  int error = errno;
  if (result == 0 && known && notes >= 0)
    dprintf(notes, "%s %lld\n", name, (long long)status.st_size);
  errno = error;
  return result;
}

int fdatasync(int descriptor) { return synchronize(SYS_fdatasync, descriptor); }

int fsync(int descriptor) { return synchronize(SYS_fsync, descriptor); }
