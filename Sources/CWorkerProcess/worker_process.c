#define _GNU_SOURCE
#include "worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int wp_lowest(int count) { return 3 + count; }

static int add_actions(posix_spawn_file_actions_t *actions, const int *descriptors, int count, int output) {
  int code = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (!code) code = posix_spawn_file_actions_adddup2(actions, output, 1);
  if (!code) code = posix_spawn_file_actions_adddup2(actions, output, 2);
  for (int index = 0; !code && index < count; ++index)
    code = posix_spawn_file_actions_adddup2(actions, descriptors[index], 3 + index);
  if (!code) code = posix_spawn_file_actions_addclosefrom_np(actions, 3 + count);
  return code;
}

int wp_spawn(
  const char *program, char *const *arguments, char *const *environment, const int *descriptors, int count, int output,
  pid_t *pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int code = posix_spawn_file_actions_init(&actions);
  if (code) return code;
  code = posix_spawnattr_init(&attributes);
  if (code) {
    posix_spawn_file_actions_destroy(&actions);
    return code;
  }
  code = add_actions(&actions, descriptors, count, output);
  sigset_t signals;
  sigemptyset(&signals);
  if (!code) code = posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  if (!code) code = posix_spawnattr_setsigdefault(&attributes, &signals);
  if (!code)
    code = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  if (!code) code = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

static int limit(int resource, uint64_t soft, uint64_t hard) {
  struct rlimit limit = {soft, hard}, old;
  /* What is allowed less already stays so. */
  if (getrlimit(resource, &old) == 0 && old.rlim_max != RLIM_INFINITY && old.rlim_max < hard) {
    limit.rlim_max = old.rlim_max;
    if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
  }
  return setrlimit(resource, &limit);
}

/* No system call that makes another process, whoever the user is. Threads are made by `clone` with CLONE_THREAD; `clone3`, whose
 * flags a filter cannot see, is said not to exist, and the C library then uses `clone`. */
static int forbid_processes(void) {
#if defined(__x86_64__)
  const uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  const uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "a machine without a filter for system calls"
#endif
#define DENY(number) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
    /* The x32 numbers name the same calls. */
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    DENY(__NR_fork),
    DENY(__NR_vfork),
#endif
    DENY(__NR_execve),
    DENY(__NR_execveat),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 3),
    /* The low half of the first argument: both machines are little-endian. */
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
#undef DENY
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

const char *wp_confine(pid_t parent, const wp_limits *limits) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return "ask for the parent's death";
  /* It may have died before that was asked. */
  if (getppid() != parent) {
    errno = ESRCH;
    return "find its parent";
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "give up new privileges";
  if (limit(RLIMIT_CORE, 0, 0) != 0) return "limit core files";
  if (limits->memory) {
    if (limit(RLIMIT_DATA, limits->memory, limits->memory) != 0) return "limit memory";
    /* Shared mappings are not counted above; libraries, and reserved room that is never touched, are counted here. */
    if (limit(RLIMIT_AS, limits->memory + (UINT64_C(4) << 30), limits->memory + (UINT64_C(4) << 30)) != 0) return "limit address space";
  }
  /* A second behind the signal that says why (SIGXCPU) comes one that cannot be caught. */
  if (limits->cpu && limit(RLIMIT_CPU, limits->cpu, limits->cpu + 1) != 0) return "limit processor time";
  if (limits->descriptors && limit(RLIMIT_NOFILE, limits->descriptors, limits->descriptors) != 0) return "limit descriptors";
  if (limits->processes > 0 && limit(RLIMIT_NPROC, (uint64_t)limits->processes, (uint64_t)limits->processes) != 0) return "limit processes";
  if (limits->processes == 0 && forbid_processes() != 0) return "forbid processes";
  return NULL;
}

int wp_make_memory(size_t size) {
  int descriptor = memfd_create("gateway-bodies", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return -1;
  /* Sealed: the other side cannot shrink it under a reader, who would die of SIGBUS. */
  if (ftruncate(descriptor, (off_t)size) != 0 ||
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    int code = errno;
    close(descriptor);
    errno = code;
    return -1;
  }
  return descriptor;
}

int wp_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

void wp_write_lines(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

int wp_await_end(pid_t pid) {
  siginfo_t information;
  while (waitid(P_PID, (id_t)pid, &information, WEXITED | WNOWAIT) != 0)
    if (errno != EINTR) return 0;
  return 1;
}
