/* Loaded into a program with LD_PRELOAD: counts its system calls, lets chosen ones fail or hang, and
 * notes what has reached the disk, so that a loss of power can be played. The calls of libraries,
 * among them the Swift runtime and Dispatch, are not the program's.
 *
 *   SHIM_FAIL="CALL FILE FIRST LAST OUTCOME [OUTCOME]"
 *                       the calls named CALL below, of the file named FILE or of any (*), from the
 *                       FIRSTth to the LASTth, have that outcome; from the second on the other one,
 *                       if there is one. LAST 0: until it is healed
 *   SHIM_STATE=FILE     a `struct state`, shared with the bench
 *   SHIM_CORES=N        the machine has N cores
 *   SHIM_NOTES=FILE     gets a line "NAME SIZE" for every sync of a file or directory that returned
 *
 * An OUTCOME is a letter and a number:
 *
 *   eN   the call fails with errno N, getaddrinfo with status N
 *   sN   a read or write takes an Nth of the bytes, at least one; s0: exactly one byte
 *   pN   getsockopt returns N as the error that was pending
 *   z0   recv returns 0, as if the peer had closed
 *   q0   the peer says nothing: recv, send and accept have nothing to do, and the socket of connect
 *        is never connected
 *   h0   the call does not return, until it is healed
 *   dN   the call takes N milliseconds longer; epoll_wait and recv do first what they tell
 *   tN   the process gets signal N, and the call is as usual
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some are divided by the kind of their descriptor. An "event" is neither file nor socket. */
#define KINDS(X, name)                                                                             \
  X(name##_log) X(name##_file) X(name##_directory) X(name##_socket) X(name##_event)
#define CALLS(X)                                                                                   \
  KINDS(X, read) KINDS(X, write) KINDS(X, close) KINDS(X, fcntl)                                   \
  X(open_file) X(open_directory)                                                                   \
  X(pread) X(lseek) X(fstat) X(lstat) X(ftruncate) X(fdatasync) X(fsync) X(flock) X(mkdir)         \
  X(socket) X(setsockopt) X(getsockopt) X(getsockname) X(bind) X(listen) X(accept) X(connect)      \
  X(recv) X(send) X(shutdown) X(poll) X(getaddrinfo) X(setrlimit)                                  \
  X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(eventfd)

#define NUMBER(name) CALL_##name,
enum call { CALLS(NUMBER) CALL_COUNT };
#define NAME(name) #name,
static const char *const names[] = {CALLS(NAME)};

/* What the bench reads and writes while the program runs. */
struct state {
  atomic_uint healed; /* nothing fails from now on */
  atomic_uint hits;   /* calls that had another outcome than usual */
  struct {
    char name[28];
    atomic_uint count;
  } calls[CALL_COUNT];
};

static struct state unshared, *state = &unshared;

struct outcome {
  char kind; /* 0: as usual */
  unsigned value;
};

static const struct outcome usual = {0, 0};

static struct {
  unsigned call;
  char file[NAME_MAX + 1];
  unsigned first, last;
  struct outcome outcomes[2];
  atomic_uint calls, hits;
} rule = {.call = CALL_COUNT};

/* Where the program itself is in memory. */
static struct dl_find_object program;

static int notes = -1;

/* The C library's own. */
#define REAL(name)                                                                                 \
  ({                                                                                               \
    static __typeof__(name) *real;                                                                 \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                 \
    real;                                                                                          \
  })

static void read_rule(const char *text) {
  char call[32], first[16], second[16] = "";
  if (sscanf(text, "%31s %255s %u %u %15s %15s", call, rule.file, &rule.first, &rule.last, first,
             second) < 5)
    return;
  struct outcome *outcomes = rule.outcomes;
  sscanf(first, "%c%u", &outcomes[0].kind, &outcomes[0].value);
  outcomes[1] = outcomes[0];
  sscanf(second, "%c%u", &outcomes[1].kind, &outcomes[1].value);
  for (unsigned number = 0; number < CALL_COUNT; number++)
    if (!strcmp(names[number], call)) rule.call = number;
}

__attribute__((constructor)) static void begin(void) {
  _dl_find_object((void *)getauxval(AT_ENTRY), &program);
  const char *path = getenv("SHIM_STATE");
  int shared = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
  if (shared >= 0) {
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
    REAL(close)(shared);
    if (state == MAP_FAILED) abort();
    for (unsigned number = 0; number < CALL_COUNT; number++)
      strcpy(state->calls[number].name, names[number]);
  }
  path = getenv("SHIM_NOTES");
  if (path) notes = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const char *fail = getenv("SHIM_FAIL");
  if (fail) read_rule(fail);
}

/* Writes the last part of the path of an open file. */
static void name_of(int descriptor, char *name, size_t room) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  const char *slash = strrchr(path, '/');
  snprintf(name, room, "%s", slash ? slash + 1 : path);
}

static int is_of_rule(unsigned call, int descriptor) {
  if (call != rule.call) return 0;
  if (!strcmp(rule.file, "*")) return 1;
  char name[NAME_MAX + 1];
  name_of(descriptor, name, sizeof name);
  return !strcmp(name, rule.file);
}

/* Lets an outcome happen that comes before the call, and returns what is left of it. */
static struct outcome begun(unsigned call, struct outcome outcome) {
  switch (outcome.kind) {
  case 'h':
    while (!atomic_load(&state->healed)) usleep(1000);
    return usual;
  case 'd':
    if (call == CALL_epoll_wait || call == CALL_recv) return outcome;
    usleep(outcome.value * 1000);
    return usual;
  case 't': kill(getpid(), (int)outcome.value); return usual;
  case 'q': return call == CALL_connect ? outcome : (struct outcome){'e', EAGAIN};
  default: return outcome;
  }
}

/* Counts a call, and returns the outcome that it must have. */
static struct outcome next(unsigned call, int descriptor) {
  atomic_fetch_add(&state->calls[call].count, 1);
  if (atomic_load(&state->healed) || !is_of_rule(call, descriptor)) return usual;
  unsigned number = atomic_fetch_add(&rule.calls, 1) + 1;
  if (number < rule.first || (rule.last && number > rule.last)) return usual;
  atomic_fetch_add(&state->hits, 1);
  return begun(call, rule.outcomes[atomic_fetch_add(&rule.hits, 1) > 0]);
}

/* Only calls of the program itself count. */
#define NEXT(call, descriptor)                                                                     \
  ({                                                                                               \
    void *caller = __builtin_return_address(0);                                                    \
    caller >= program.dlfo_map_start && caller < program.dlfo_map_end ? next(call, descriptor)     \
                                                                      : usual;                     \
  })

static int failed(struct outcome outcome) {
  errno = (int)outcome.value;
  return -1;
}

/* Returns one of the five calls from `first` on, by the kind of the descriptor. */
static unsigned by_kind(unsigned first, int descriptor) {
  struct stat status;
  if (descriptor <= STDERR_FILENO) return first;
  if (REAL(fstat)(descriptor, &status) != 0) return first + 4;
  if (S_ISREG(status.st_mode)) return first + 1;
  if (S_ISDIR(status.st_mode)) return first + 2;
  return S_ISSOCK(status.st_mode) ? first + 3 : first + 4;
}

static size_t shortened(struct outcome outcome, size_t size) {
  if (outcome.kind != 's' || size == 0) return size;
  size_t part = outcome.value ? size / outcome.value : 1;
  return part ? part : 1;
}

/* Returns the result of a call that was made, later if that is its outcome. */
static ssize_t delayed(struct outcome outcome, ssize_t result) {
  int code = errno;
  if (outcome.kind == 'd') usleep(outcome.value * 1000);
  errno = code;
  return result;
}

/* A call that fails does nothing. */
#define CALL(result, name, descriptor, parameters, arguments)                                      \
  result name parameters {                                                                         \
    struct outcome outcome = NEXT(CALL_##name, descriptor);                                        \
    return outcome.kind == 'e' ? failed(outcome) : REAL(name) arguments;                           \
  }

/* A call that may also take a part of `size` bytes. */
#define TRANSFER(name, call, parameters, arguments)                                                \
  ssize_t name parameters {                                                                        \
    struct outcome outcome = NEXT(call, file);                                                     \
    if (outcome.kind == 'e') return failed(outcome);                                               \
    if (outcome.kind == 'z') return 0;                                                             \
    size = shortened(outcome, size);                                                               \
    return delayed(outcome, REAL(name) arguments);                                                 \
  }

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  struct outcome outcome = NEXT(flags & O_DIRECTORY ? CALL_open_directory : CALL_open_file, -1);
  return outcome.kind == 'e' ? failed(outcome) : REAL(open)(path, flags, mode);
}

TRANSFER(read, by_kind(CALL_read_log, file), (int file, void *bytes, size_t size),
         (file, bytes, size))
TRANSFER(write, by_kind(CALL_write_log, file), (int file, const void *bytes, size_t size),
         (file, bytes, size))
TRANSFER(pread, CALL_pread, (int file, void *bytes, size_t size, off_t offset),
         (file, bytes, size, offset))
TRANSFER(recv, CALL_recv, (int file, void *bytes, size_t size, int flags),
         (file, bytes, size, flags))
TRANSFER(send, CALL_send, (int file, const void *bytes, size_t size, int flags),
         (file, bytes, size, flags))

/* Linux frees the descriptor even if `close` fails. */
int close(int descriptor) {
  struct outcome outcome = NEXT(by_kind(CALL_close_log, descriptor), descriptor);
  int result = REAL(close)(descriptor);
  return outcome.kind == 'e' ? failed(outcome) : result;
}

static int synchronize(struct outcome outcome, int (*sync)(int), int descriptor) {
  if (outcome.kind == 'e') return failed(outcome);
  /* Before the sync: it does not cover what is written while it runs. */
  struct stat status;
  int known = REAL(fstat)(descriptor, &status) == 0;
  int result = sync(descriptor);
  int error = errno;
  if (result == 0 && known && notes >= 0) {
    char name[NAME_MAX + 1];
    name_of(descriptor, name, sizeof name);
    dprintf(notes, "%s %lld\n", name, (long long)status.st_size);
  }
  errno = error;
  return result;
}

#define SYNC(name)                                                                                 \
  int name(int file) { return synchronize(NEXT(CALL_##name, file), REAL(name), file); }

SYNC(fdatasync)
SYNC(fsync)
CALL(off_t, lseek, file, (int file, off_t offset, int whence), (file, offset, whence))
CALL(int, fstat, file, (int file, struct stat *status), (file, status))
CALL(int, ftruncate, file, (int file, off_t size), (file, size))
CALL(int, flock, file, (int file, int operation), (file, operation))
CALL(int, lstat, -1, (const char *path, struct stat *status), (path, status))
CALL(int, mkdir, -1, (const char *path, mode_t mode), (path, mode))
CALL(int, socket, -1, (int family, int type, int protocol), (family, type, protocol))
CALL(int, setsockopt, socket,
     (int socket, int level, int option, const void *value, socklen_t size),
     (socket, level, option, value, size))
CALL(int, getsockname, socket, (int socket, struct sockaddr *address, socklen_t *size),
     (socket, address, size))
CALL(int, bind, socket, (int socket, const struct sockaddr *address, socklen_t size),
     (socket, address, size))
CALL(int, listen, socket, (int socket, int backlog), (socket, backlog))
CALL(int, shutdown, socket, (int socket, int how), (socket, how))
CALL(int, poll, -1, (struct pollfd *watched, nfds_t count, int timeout), (watched, count, timeout))
CALL(int, epoll_create1, -1, (int flags), (flags))
CALL(int, epoll_ctl, file, (int poller, int operation, int file, struct epoll_event *event),
     (poller, operation, file, event))
CALL(int, eventfd, -1, (unsigned value, int flags), (value, flags))
CALL(int, setrlimit, -1, (__rlimit_resource_t resource, const struct rlimit *limit),
     (resource, limit))

int epoll_wait(int poller, struct epoll_event *events, int room, int timeout) {
  struct outcome outcome = NEXT(CALL_epoll_wait, -1);
  if (outcome.kind == 'e') return failed(outcome);
  return (int)delayed(outcome, REAL(epoll_wait)(poller, events, room, timeout));
}

/* Makes the descriptor one that never becomes ready: a socket whose peer takes nothing more. */
static int connect_in_vain(int descriptor) {
  int pair[2];
  char bytes[4096] = {0};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) return -1;
  while (REAL(write)(pair[0], bytes, sizeof bytes) > 0) continue;
  dup3(pair[0], descriptor, O_CLOEXEC);
  REAL(close)(pair[0]);
  errno = EINPROGRESS;
  return -1;
}

/* An interrupted call goes on connecting. */
int connect(int descriptor, const struct sockaddr *address, socklen_t size) {
  struct outcome outcome = NEXT(CALL_connect, descriptor);
  if (outcome.kind == 'q') return connect_in_vain(descriptor);
  if (outcome.kind != 'e') return REAL(connect)(descriptor, address, size);
  if (outcome.value == EINTR) REAL(connect)(descriptor, address, size);
  return failed(outcome);
}

int getsockopt(int descriptor, int level, int option, void *value, socklen_t *size) {
  struct outcome outcome = NEXT(CALL_getsockopt, descriptor);
  if (outcome.kind == 'e') return failed(outcome);
  int result = REAL(getsockopt)(descriptor, level, option, value, size);
  if (outcome.kind == 'p' && result == 0 && option == SO_ERROR) *(int *)value = (int)outcome.value;
  return result;
}

/* If the call fails because of the peer, the connection has left the queue. */
static int fail_to_accept(struct outcome outcome, int descriptor) {
  switch (outcome.value) {
  case EAGAIN: case EINTR: case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM: break;
  default:
    descriptor = REAL(accept)(descriptor, NULL, NULL);
    if (descriptor < 0) return -1;
    REAL(close)(descriptor);
  }
  return failed(outcome);
}

int accept4(int descriptor, struct sockaddr *address, socklen_t *size, int flags) {
  struct outcome outcome = NEXT(CALL_accept, descriptor);
  return outcome.kind == 'e' ? fail_to_accept(outcome, descriptor)
                             : REAL(accept4)(descriptor, address, size, flags);
}

int fcntl(int descriptor, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  struct outcome outcome = NEXT(by_kind(CALL_fcntl_log, descriptor), descriptor);
  return outcome.kind == 'e' ? failed(outcome) : REAL(fcntl)(descriptor, command, argument);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list) {
  struct outcome outcome = NEXT(CALL_getaddrinfo, -1);
  if (outcome.kind == 'e') return -(int)outcome.value;
  return REAL(getaddrinfo)(host, service, hints, list);
}

long sysconf(int name) {
  const char *cores = getenv("SHIM_CORES");
  int is_asked = name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF;
  return cores && is_asked ? atoi(cores) : REAL(sysconf)(name);
}

int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set) {
  const char *cores = getenv("SHIM_CORES");
  if (!cores) return REAL(pthread_getaffinity_np)(thread, size, set);
  CPU_ZERO_S(size, set);
  for (int core = 0; core < atoi(cores); core++) CPU_SET_S(core, size, set);
  return 0;
}
