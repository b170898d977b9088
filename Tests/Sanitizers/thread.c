// What the thread sanitizer must be told about the Swift libraries, which were not compiled for it:
// it sees what our code does and not what they do in between. checks/sanitize.sh links this into
// the programs that it runs.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

// `Mutex` of the Synchronization module. To lock one that is free and to unlock one that nobody
// waits for are atomic operations that are compiled into the caller, so the sanitizer sees them.
// The rest, _MutexHandle._lockSlow(UInt32) and _unlockSlow(), is the library's and the kernel's
// (futex(2), FUTEX_LOCK_PI): whoever had to wait for a mutex would seem not to hold it. These two
// stand before the library's, call them, and tell the sanitizer that what happened before a mutex
// was unlocked happened before it was locked again. So no race has to be overlooked.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *mutex

typedef SWIFT void lock_function(uint32_t state, SELF);
typedef SWIFT void unlock_function(SELF);

lock_function lock_slow __asm__(LOCK_SLOW);
unlock_function unlock_slow __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t state, SELF) {
  ((lock_function *)dlsym(RTLD_NEXT, LOCK_SLOW))(state, mutex);
  __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF) {
  __tsan_release(mutex);
  ((unlock_function *)dlsym(RTLD_NEXT, UNLOCK_SLOW))(mutex);
}

// A task that was resumed before it had come to wait. The runtime orders the two by an atomic exchange
// in swift_continuation_resume() and swift_continuation_await(). It tells the sanitizer so for a task
// that was waiting, and not for one that goes on at once: what happened before the continuation was
// resumed would seem to happen at the same time as what the task does next. These two stand before the
// library's. A resume between the two calls of swift_continuation_await() is still missed: then
// either access may be resume(returning:) itself, which writes the result. Only such reports are
// passed over.
#define ASYNC __attribute__((swiftasynccall))

typedef SWIFT void resume_function(void *task);
typedef ASYNC void await_function(void *continuation);

extern SWIFT void *swift_task_getCurrent(void);

SWIFT void swift_continuation_resume(void *task) {
  __tsan_release(task);
  ((resume_function *)dlsym(RTLD_NEXT, "swift_continuation_resume"))(task);
}

ASYNC void swift_continuation_await(void *continuation) {
  await_function *await = (await_function *)dlsym(RTLD_NEXT, "swift_continuation_await");
  __tsan_acquire(swift_task_getCurrent());
  __attribute__((musttail)) return await(continuation);
}

const char *__tsan_default_suppressions(void) { return "race_top:Scc6resume9returning\n"; }
