// One file that many threads append to.

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "copier.h"

static int file;
static bool syncs, in_groups;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

// The group that gathers while another one is written. Each agency waits for its own bytes, so that
// a group never holds more than a window of each.
static unsigned char *gathering, *flushing;
static size_t gathered;
// Groups begun and groups safe.
static uint64_t begun = 1, safe;
static bool is_flushing;
static pthread_cond_t flushed = PTHREAD_COND_INITIALIZER;

void open_storage(const struct options *options) {
  file = open(options->file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
  if (file < 0) fail(options->file);
  syncs = options->sync;
  in_groups = options->group;
  if (!in_groups) return;
  gathering = allocate((size_t)options->agencies, (options->window + 1) * FRAME_SIZE);
  flushing = allocate((size_t)options->agencies, (options->window + 1) * FRAME_SIZE);
}

static void write_out(const unsigned char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(file, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write");
    bytes += written;
    count -= (size_t)written;
  }
}

static void synchronize(void) {
  if (syncs && fdatasync(file) < 0) fail("fdatasync");
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
  write_out(group, count);
  synchronize();
  pthread_mutex_lock(&mutex);
  is_flushing = false;
  safe = number;
  pthread_cond_broadcast(&flushed);
}

static void store_in_group(const unsigned char *bytes, size_t count) {
  memcpy(gathering + gathered, bytes, count);
  gathered += count;
  uint64_t mine = begun;
  while (safe < mine) {
    if (is_flushing) {
      pthread_cond_wait(&flushed, &mutex);
    } else {
      flush_group();
    }
  }
}

void store(const unsigned char *bytes, size_t count) {
  pthread_mutex_lock(&mutex);
  if (in_groups) {
    store_in_group(bytes, count);
    pthread_mutex_unlock(&mutex);
  } else {
    write_out(bytes, count);
    pthread_mutex_unlock(&mutex);
    // Not under the mutex: the syncs of several agencies may overlap, which is faster.
    synchronize();
  }
}
