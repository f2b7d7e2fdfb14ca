#define _GNU_SOURCE
#include "loop_watch.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Ignored unless somebody asks for it, and sent by nobody else in a server: the kernel sends it for urgent data of sockets
 * that have an owner, and ours have none. */
#define LW_SIGNAL SIGURG

static sem_t wake;
static int is_installed;
static struct sigaction previous;

/* The one sample that is asked for. Static, because the handler may run after everybody has stopped waiting for it. */
enum { IDLE, ASKED, TAKING, TAKEN, MISSED };
static struct {
  uint32_t state;
  pid_t thread;
  lw_loop *loop;
  uint64_t sequence;
  int wants_stack;
  lw_sample sample;
} request;
static sem_t answered;

lw_loop *lw_make_loop(void) {
  void *memory = NULL;
  size_t size = (sizeof(lw_loop) + 63) / 64 * 64;
  if (posix_memalign(&memory, 64, size) != 0) abort();
  memset(memory, 0, size);
  ((lw_loop *)memory)->noted = UINT64_MAX;
  return memory;
}

void lw_wake(lw_loop *loop) {
  /* Before there was a watch nobody parks a loop, so the semaphore is there. */
  if (__atomic_exchange_n(&loop->is_parked, 0, __ATOMIC_SEQ_CST) != 0) sem_post(&wake);
}

void lw_rouse(void) { sem_post(&wake); }

void lw_park(lw_loop *loop, int is_parked) {
  __atomic_store_n(&loop->is_parked, (uint32_t)is_parked, __ATOMIC_SEQ_CST);
}

void lw_publish(lw_loop *loop, lw_invocation *invocation) {
  invocation->next = __atomic_load_n(&loop->invocations, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(
    &loop->invocations, &invocation->next, invocation, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
}

/* Of the executable's own thread-local block, so a signal handler may read it: no allocation, no lock. */
static __thread lw_loop *mine __attribute__((tls_model("initial-exec")));
static pthread_key_t own_slots;
static pthread_once_t own_slots_once = PTHREAD_ONCE_INIT;

static void free_own(void *slot) {
  mine = NULL;
  free(slot);
}

static void make_key(void) {
  if (pthread_key_create(&own_slots, free_own) != 0) abort();
}

lw_loop *lw_mine(void) { return mine; }

void lw_adopt_other_thread(const char *role) {
  if (mine) return;
  pthread_once(&own_slots_once, make_key);
  lw_loop *slot = lw_make_loop();
  slot->role = role;
  slot->thread = (pid_t)syscall(SYS_gettid);
  if (pthread_setspecific(own_slots, slot) != 0) {
    /* Without the key nobody would free it. */
    free(slot);
    return;
  }
  mine = slot;
}

void lw_adopt_thread(lw_loop *loop, const char *role) {
  mine = loop;
  loop->role = role;
  /* Threads inherit what the thread that started them blocks, and those of libdispatch block nearly everything. */
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, LW_SIGNAL);
  pthread_sigmask(SIG_UNBLOCK, &mine, NULL);
  __atomic_store_n(&loop->thread, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
}

static uint32_t copy_id(uint8_t *target, const uint8_t *bytes, size_t count) {
  if (bytes == NULL) return 0;
  if (count > sizeof(((lw_sample *)0)->request_id)) count = sizeof(((lw_sample *)0)->request_id);
  memcpy(target, bytes, count);
  return (uint32_t)count;
}

void lw_identify(lw_loop *loop, const uint8_t *bytes, size_t count) {
  loop->request_id_count = copy_id(loop->request_id, bytes, count);
}

static struct timespec later(uint64_t nanoseconds) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  now.tv_sec += (time_t)(nanoseconds / 1000000000u);
  now.tv_nsec += (long)(nanoseconds % 1000000000u);
  if (now.tv_nsec >= 1000000000) {
    now.tv_nsec -= 1000000000;
    now.tv_sec += 1;
  }
  return now;
}

void lw_sleep(uint64_t nanoseconds) {
  struct timespec until = later(nanoseconds);
  while (sem_clockwait(&wake, CLOCK_MONOTONIC, &until) == -1 && errno == EINTR) {
  }
}

/* Runs in signal handlers on the slot's thread, wherever it was: reads memory that only this thread changes, copies it, and
 * calls nothing that takes a lock or allocates. */
static void describe(const lw_loop *loop, lw_sample *sample) {
  const lw_invocation *invocation = loop->current.invocation;
  sample->function = loop->current.function;
  sample->route = loop->current.route;
  if (loop->current.kind == LW_JOB) {
    sample->run = loop->run;
    /* The first job of an invocation is its task, and its token too. */
    invocation = __atomic_load_n(&loop->invocations, __ATOMIC_ACQUIRE);
    while (invocation && (invocation->token == NULL || invocation->token != loop->job)) invocation = invocation->next;
    if (invocation) {
      sample->function = invocation->function;
      sample->route = invocation->route;
    }
  } else if (invocation && invocation->generation != loop->current.generation) {
    /* It has completed, and the slot serves another request. */
    invocation = NULL;
  }
  if (invocation) {
    sample->code = invocation->code;
    const gw_request *asked = invocation->request;
    if (asked) sample->request_id_count = copy_id(sample->request_id, asked->request_id.bytes, asked->request_id.count);
    /* On a thread that may block the loop can have ended the invocation meanwhile, and begun the next one in its place. */
    if (loop->current.kind == LW_CALL &&
        __atomic_load_n(&invocation->generation, __ATOMIC_ACQUIRE) != loop->current.generation) {
      sample->request_id_count = 0;
    }
  }
}

int lw_describe(const lw_loop *loop, lw_sample *sample) {
  if (loop->current.kind == LW_OUTSIDE) return 0;
  describe(loop, sample);
  return 1;
}

/* `backtrace` allocates on its first call, which `lw_install` makes. */
static void take(const lw_loop *loop, lw_sample *sample, int wants_stack) {
  describe(loop, sample);
  if (wants_stack) {
    int count = backtrace(sample->frames, LW_FRAMES);
    sample->frame_count = count > 0 ? (uint32_t)count : 0;
  }
}

static void handle(int number, siginfo_t *info, void *context) {
  int saved = errno;
  uint32_t asked = ASKED;
  if (info->si_code == SI_TKILL &&
      __atomic_load_n(&request.state, __ATOMIC_ACQUIRE) == ASKED &&
      request.thread == (pid_t)syscall(SYS_gettid) &&
      __atomic_compare_exchange_n(&request.state, &asked, TAKING, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    const lw_loop *loop = request.loop;
    uint32_t state = MISSED;
    if (loop->sequence == request.sequence && loop->current.kind != LW_OUTSIDE) {
      take(loop, &request.sample, request.wants_stack);
      state = TAKEN;
    }
    __atomic_store_n(&request.state, state, __ATOMIC_RELEASE);
    sem_post(&answered);
  } else if (info->si_code != SI_TKILL) {
    /* Not ours: for whoever was there before. */
    if (previous.sa_flags & SA_SIGINFO) {
      if (previous.sa_sigaction) previous.sa_sigaction(number, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN && previous.sa_handler != NULL) {
      previous.sa_handler(number);
    }
  }
  errno = saved;
}

int lw_install(void) {
  if (is_installed) return 0;
  if (sem_init(&wake, 0, 0) != 0 || sem_init(&answered, 0, 0) != 0) return errno;
  /* Loads what unwinds stacks now. */
  void *frames[4];
  (void)backtrace(frames, 4);
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  if (sigaction(LW_SIGNAL, &action, &previous) != 0) return errno;
  is_installed = 1;
  return 0;
}

int lw_take_sample(lw_loop *loop, uint64_t sequence, int wants_stack, lw_sample *sample) {
  memset(sample, 0, sizeof(*sample));
  memset(&request.sample, 0, sizeof(request.sample));
  while (sem_trywait(&answered) == 0) {
  }
  pid_t thread = __atomic_load_n(&loop->thread, __ATOMIC_ACQUIRE);
  request.thread = thread;
  request.loop = loop;
  request.sequence = sequence;
  request.wants_stack = wants_stack;
  __atomic_store_n(&request.state, ASKED, __ATOMIC_RELEASE);
  int is_sent = thread != 0 && syscall(SYS_tgkill, getpid(), thread, LW_SIGNAL) == 0;
  struct timespec until = later(100000000u);
  if (is_sent) {
    while (sem_clockwait(&answered, CLOCK_MONOTONIC, &until) == -1 && errno == EINTR) {
    }
  }
  uint32_t asked = ASKED;
  if (__atomic_compare_exchange_n(&request.state, &asked, IDLE, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    /* No answer: the thread is in the kernel, or has the signal blocked. The texts can be read from here. */
    sample->function = __atomic_load_n(&loop->current.function, __ATOMIC_RELAXED);
    sample->route = __atomic_load_n(&loop->current.route, __ATOMIC_RELAXED);
    if (sample->function == NULL) sample->run = __atomic_load_n(&loop->run, __ATOMIC_RELAXED);
    return lw_sequence(loop) == sequence;
  }
  /* It has begun, and is short. */
  while (__atomic_load_n(&request.state, __ATOMIC_ACQUIRE) == TAKING) {
    struct timespec moment = {0, 100000};
    nanosleep(&moment, NULL);
  }
  int is_taken = __atomic_load_n(&request.state, __ATOMIC_ACQUIRE) == TAKEN;
  if (is_taken) *sample = request.sample;
  __atomic_store_n(&request.state, IDLE, __ATOMIC_RELEASE);
  return is_taken;
}

uint64_t lw_thread_time(const lw_loop *loop) {
  pid_t thread = __atomic_load_n(&loop->thread, __ATOMIC_ACQUIRE);
  if (thread == 0) return 0;
  /* The kernel's clock of one thread: `CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED` behind the inverted id. */
  clockid_t clock = (clockid_t)((~(unsigned)thread << 3) | 6u);
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return 0;
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void lw_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int lw_find_place(const void *address, lw_place *place) {
  Dl_info info;
  struct link_map *map = NULL;
  memset(place, 0, sizeof(*place));
  if (dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL) return 0;
  place->file = info.dli_fname;
  place->symbol = info.dli_sname;
  place->address = (uint64_t)((uintptr_t)address - (uintptr_t)map->l_addr);
  return 1;
}

/* The Swift runtime's own; it is linked into every process that uses this. */
extern char *swift_demangle(
  const char *name, size_t length, char *buffer, size_t *buffer_size, uint32_t flags) __attribute__((weak));

char *lw_demangled(const char *symbol) {
  if (swift_demangle == NULL || (strncmp(symbol, "$s", 2) != 0 && strncmp(symbol, "$S", 2) != 0)) return NULL;
  return swift_demangle(symbol, strlen(symbol), NULL, NULL, 0);
}
