#define _GNU_SOURCE
#include "crash_report.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "crash_text.h"
#include "images.h"
#include "loop_watch.h"

static const struct {
  int number;
  const char *name;
} signals[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"}, {SIGFPE, "SIGFPE"},
               {SIGABRT, "SIGABRT"}, {SIGTRAP, "SIGTRAP"}, {SIGSYS, "SIGSYS"}};
#define SIGNALS (sizeof(signals) / sizeof(*signals))

static struct sigaction previous[SIGNALS];
static int is_installed;
static pid_t process;

/* -1: no file. */
static int directory = -1, file = -1;
static const char *pending, *about;

/* The thread whose crash is told; the process dies of it, so there is one. */
static pid_t crashing;
static int is_guarded;
static sigjmp_buf escape;
static cr_text text;

/* MARK: stacks for handlers */

/* Room for this handler, for the unwinder and for Swift's handler behind it. */
#define STACK (64 * 1024)

static pthread_key_t stacks;

static void free_stack(void *stack) {
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  munmap(stack, STACK);
}

void cr_adopt_thread(void) {
  if (!__atomic_load_n(&is_installed, __ATOMIC_ACQUIRE)) return;
  stack_t now;
  if (sigaltstack(NULL, &now) != 0 || (!(now.ss_flags & SS_DISABLE) && now.ss_size >= STACK)) return;
  void *memory = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t ours = {.ss_sp = memory, .ss_size = STACK};
  if (pthread_setspecific(stacks, memory) != 0 || sigaltstack(&ours, NULL) != 0) {
    pthread_setspecific(stacks, NULL);
    munmap(memory, STACK);
  }
}

/* MARK: frames */

#define FRAMES 64

typedef struct registers {
  uint64_t pc, sp, fp;
} registers;

static registers read_registers(const ucontext_t *context) {
#if defined(__x86_64__)
  const greg_t *all = context->uc_mcontext.gregs;
  return (registers){(uint64_t)all[REG_RIP], (uint64_t)all[REG_RSP], (uint64_t)all[REG_RBP]};
#elif defined(__aarch64__)
  return (registers){context->uc_mcontext.pc, context->uc_mcontext.sp, context->uc_mcontext.regs[29]};
#else
#error "where are this machine's registers?"
#endif
}

/* Addresses from the one that faulted outwards; all but the first are return addresses. May fault, and stores what it has as it
 * goes. */
static void walk_frame_pointers(registers at, uint64_t *frames, volatile size_t *count) {
  frames[0] = at.pc;
  *count = 1;
  while (*count < FRAMES && at.fp > at.sp && at.fp % 8 == 0 && at.fp - at.sp < (64u << 20)) {
    const uint64_t *record = (const uint64_t *)(uintptr_t)at.fp;
    if (record[1] == 0) break;
    frames[*count] = record[1];
    *count += 1;
    at.sp = at.fp;
    at.fp = record[0];
  }
}

/* The unwinder knows functions without frame pointers too. It was loaded by `cr_install`; that of gcc 12 finds its tables
 * through `_dl_find_object`, without a lock. It does not get past an address that is no code. */
static size_t unwind(registers at, uint64_t *frames) {
  static void *raw[FRAMES + 8];
  int count = backtrace(raw, FRAMES + 8);
  int first = 0;
  while (first < count && (uint64_t)(uintptr_t)raw[first] != at.pc) first++;
  size_t taken = 0;
  for (int index = first; index < count && taken < FRAMES; index++) frames[taken++] = (uint64_t)(uintptr_t)raw[index];
  return taken;
}

static size_t find_frames(registers at, uint64_t *frames) {
  static uint64_t walked[FRAMES];
  static volatile size_t walked_count;
  static volatile size_t count;
  count = walked_count = 0;
  if (sigsetjmp(escape, 0) == 0) {
    is_guarded = 1;
    count = unwind(at, frames);
  }
  if (count < 2) {
    if (sigsetjmp(escape, 0) == 0) {
      is_guarded = 1;
      walk_frame_pointers(at, walked, &walked_count);
    }
    if (walked_count > count) {
      for (size_t index = 0; index < walked_count; index++) frames[index] = walked[index];
      count = walked_count;
    }
  }
#if defined(__x86_64__)
  /* A call to where no code is: whoever called is on top of the stack. */
  if (sigsetjmp(escape, 0) == 0) {
    is_guarded = 1;
    static cr_place place;
    cr_find_places(&at.pc, 1, &place);
    if (place.image[0] == 0 && count > 0 && count < FRAMES) {
      uint64_t caller = *(const uint64_t *)(uintptr_t)at.sp;
      for (size_t index = count; index > 1; index--) frames[index] = frames[index - 1];
      frames[1] = caller;
      count += 1;
    }
  }
#endif
  is_guarded = 0;
  return count;
}

/* MARK: the report */

static void member(const char *name) {
  cr_raw(&text, ",");
  cr_string(&text, name, strlen(name), 1);
  cr_raw(&text, ":");
}

static void text_member(const char *name, const char *value) {
  if (value == NULL) return;
  member(name);
  cr_string(&text, value, strlen(value), 1);
}

static const char *signal_name(int number) {
  for (size_t index = 0; index < SIGNALS; index++) {
    if (signals[index].number == number) return signals[index].name;
  }
  return "?";
}

static void write_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    count -= (size_t)written;
  }
}

static void tell_who(const lw_sample *sample, const cr_plugin *plugin) {
  if (plugin) {
    text_member("plugin", plugin->name);
    if (plugin->generation > 0) {
      member("generation");
      cr_number(&text, plugin->generation);
    }
  }
  text_member("function", sample->function);
  text_member("route", sample->route);
  if (sample->request_id_count > 0) {
    member("request_id");
    cr_string(&text, (const char *)sample->request_id, sample->request_id_count, 0);
  }
}

static void tell_frames(const uint64_t *frames, size_t count) {
  static uint64_t addresses[FRAMES];
  static cr_place places[FRAMES];
  for (size_t index = 0; index < count; index++) addresses[index] = frames[index];
  cr_find_places(addresses, count, places);
  member("frames");
  cr_raw(&text, "[");
  for (size_t index = 0; index < count; index++) {
    /* Whole frames only, and room for what ends the line. */
    if (sizeof(text.bytes) - text.count < 512) break;
    cr_raw(&text, index == 0 ? "{\"address\":" : ",{\"address\":");
    cr_hex(&text, frames[index]);
    if (places[index].image[0]) {
      member("image");
      cr_string(&text, places[index].image, strlen(places[index].image), 0);
      member("offset");
      cr_hex(&text, places[index].offset);
    }
    const cr_plugin *plugin = cr_find_plugin(frames[index]);
    if (plugin) text_member("plugin", plugin->name);
    cr_raw(&text, "}");
  }
  cr_raw(&text, "]");
}

static void compose(int number, const siginfo_t *info, const ucontext_t *context, struct timespec now) {
  static uint64_t frames[FRAMES];
  static lw_sample sample;
  registers at = read_registers(context);
  size_t count = find_frames(at, frames);

  const lw_loop *slot = lw_mine();
  /* What the slot points to may be damaged; then it is not told. */
  static volatile int is_inside;
  is_inside = 0;
  memset(&sample, 0, sizeof(sample));
  if (slot && sigsetjmp(escape, 0) == 0) {
    is_guarded = 1;
    is_inside = lw_describe(slot, &sample);
  }
  is_guarded = 0;
  const cr_plugin *plugin = NULL;
  if (is_inside) {
    if (sample.code) plugin = cr_find_plugin((uintptr_t)sample.code);
    if (plugin == NULL && sample.run) plugin = cr_find_plugin((uintptr_t)sample.run);
  } else {
    memset(&sample, 0, sizeof(sample));
  }
  for (size_t index = 0; plugin == NULL && index < count; index++) plugin = cr_find_plugin(frames[index]);

  text.count = 0;
  cr_raw(&text, "{\"time\":");
  cr_time(&text, now.tv_sec, now.tv_nsec);
  text_member("level", "critical");
  text_member("message", "crashed");
  text_member("signal", signal_name(number));
  member("code");
  cr_number(&text, info->si_code);
  if (info->si_code <= 0) {
    /* Sent by a process; where that is this one, by abort() or raise(). */
    member("sender");
    cr_number(&text, info->si_pid);
  } else {
    member("address");
    cr_hex(&text, (uintptr_t)info->si_addr);
    uint64_t address = (uintptr_t)info->si_addr;
    if (number == SIGSEGV && address < at.sp + 4096 && address + (1u << 20) > at.sp) {
      text_member("hint", "stack overflow");
    }
  }
  tell_who(&sample, plugin);
  member("pid");
  cr_number(&text, process);
  member("thread");
  cr_number(&text, (int64_t)syscall(SYS_gettid));
  char name[17] = {0};
  if (prctl(PR_GET_NAME, name) == 0) {
    member("thread_name");
    cr_string(&text, name, strlen(name), 0);
  }
  if (slot) text_member("thread_role", slot->role);
  if (about) {
    cr_raw(&text, ",");
    cr_raw(&text, about);
  }
  tell_frames(frames, count);
  cr_raw(&text, "}\n");
}

/* Into the file, and the file to its final name. */
static void keep(struct timespec now) {
  if (file < 0 || getpid() != process) return;
  /* Over the zeros that were written before: needs no room on the disk. */
  if (lseek(file, 0, SEEK_SET) != 0) return;
  write_all(file, text.bytes, text.count);
  (void)!ftruncate(file, (off_t)text.count);
  static char name[64] = "crash-";
  size_t count = strlen("crash-");
  count += cr_digits(name + count, (uint64_t)now.tv_sec);
  name[count++] = '-';
  count += cr_digits(name + count, (uint64_t)process);
  memcpy(name + count, ".new.json", sizeof(".new.json"));
  (void)renameat(directory, pending, directory, name);
}

/* MARK: the signal */

static void set_default(int number) {
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_handler = SIG_DFL;
  sigaction(number, &action, NULL);
}

/* What would have happened without this handler. */
static void hand_over(int number, siginfo_t *info, void *context) {
  for (size_t index = 0; index < SIGNALS; index++) {
    if (signals[index].number != number) continue;
    const struct sigaction *before = &previous[index];
    if (before->sa_flags & SA_SIGINFO) {
      if (before->sa_sigaction) before->sa_sigaction(number, info, context);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN && before->sa_handler != NULL) {
      before->sa_handler(number);
    }
  }
  for (size_t index = 0; index < SIGNALS; index++) set_default(signals[index].number);
  /* A fault happens again as soon as this returns, in the instruction that the core dump should show. A breakpoint is behind
   * its instruction already, and what was sent does not come again by itself. */
  if (info->si_code <= 0 || number == SIGTRAP || number == SIGSYS) {
    syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), number);
  }
}

static void handle(int number, siginfo_t *info, void *context) {
  int saved = errno;
  pid_t me = (pid_t)syscall(SYS_gettid), nobody = 0;
  if (!__atomic_compare_exchange_n(&crashing, &nobody, me, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    if (nobody == me) {
      if (is_guarded) {
        is_guarded = 0;
        siglongjmp(escape, 1);
      }
      /* In the handler that this one handed over to, or in this one where it must not happen. */
      for (size_t index = 0; index < SIGNALS; index++) set_default(signals[index].number);
      if (info->si_code <= 0) syscall(SYS_tgkill, getpid(), me, number);
      return;
    }
    /* The first one is being told, and the process ends with it. */
    struct timespec second = {1, 0};
    while (1) nanosleep(&second, NULL);
  }
  struct timespec now = {0, 0};
  clock_gettime(CLOCK_REALTIME, &now);
  compose(number, info, context, now);
  write_all(STDERR_FILENO, text.bytes, text.count);
  keep(now);
  hand_over(number, info, context);
  errno = saved;
}

int cr_install(void) {
  static pthread_mutex_t installing = PTHREAD_MUTEX_INITIALIZER;
  int code = 0;
  pthread_mutex_lock(&installing);
  if (!is_installed) {
    /* Loads what unwinds stacks now. */
    void *frames[4];
    (void)backtrace(frames, 4);
    process = getpid();
    code = pthread_key_create(&stacks, free_stack);
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = handle;
    /* Not held back while it runs: a fault inside it would end the process before anything is told. */
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (size_t index = 0; code == 0 && index < SIGNALS; index++) {
      if (sigaction(signals[index].number, &action, &previous[index]) != 0) code = errno;
    }
    if (code == 0) __atomic_store_n(&is_installed, 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&installing);
  if (code == 0) cr_adopt_thread();
  return code;
}

void cr_set_file(int its_directory, int its_file, const char *name, const char *members) {
  pending = name;
  about = members;
  directory = its_directory;
  __atomic_store_n(&file, its_file, __ATOMIC_RELEASE);
}

void cr_forget_file(void) { __atomic_store_n(&file, -1, __ATOMIC_RELEASE); }

int cr_end_with_parent(pid_t parent, int signal) {
  if (prctl(PR_SET_PDEATHSIG, signal) != 0) return errno;
  /* It may have ended before this was asked for. */
  return getppid() == parent ? 0 : ESRCH;
}
