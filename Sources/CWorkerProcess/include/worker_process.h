/* Processes that plugins live in: how the gateway starts one, what the process gives up before it opens the plugin, and
 * memory that both map. Linux only. */
#ifndef WORKER_PROCESS_H
#define WORKER_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#pragma clang assume_nonnull begin

/* Starts `program` in a session of its own, with /dev/null as standard input, `output` as standard output and error,
 * `descriptors` as 3, 4, ... and nothing else open, no signal blocked or ignored. Lists end with NULL. The numbers of `output` and
 * `descriptors` have to be `wp_lowest(count)` or more. 0, or errno. */
int wp_spawn(
  const char *program, char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment,
  const int *descriptors, int count, int output, pid_t *pid);

/* Below are numbers that `wp_spawn` gives away. */
int wp_lowest(int count);

/* What a worker may use; 0 where nothing is said, but for `processes`. */
typedef struct wp_limits {
  uint64_t memory;      /* bytes of writable memory of its own */
  uint64_t cpu;         /* seconds of processor time in its life */
  uint64_t descriptors; /* open at once */
  int64_t processes;    /* -1: any number; 0: none can be started; else threads and processes of the user */
} wp_limits;

/* The calling process, before it has threads: it dies with its parent, can gain no privileges, and keeps to the limits. NULL, or
 * what could not be done, with errno. */
const char *_Nullable wp_confine(pid_t parent, const wp_limits *limits);

/* Memory to be shared, of a size that nobody can change; a descriptor, or -1 with errno. */
int wp_make_memory(size_t size);

/* A pipe whose ends no other program gets: 0, or -1 with errno. */
int wp_pipe(int ends[_Nonnull 2]);

/* Standard output goes out line by line, also into a pipe. */
void wp_write_lines(void);

/* Waits for the end of a child without taking its number from it: 1 when it has ended. */
int wp_await_end(pid_t pid);

#pragma clang assume_nonnull end
#pragma clang diagnostic pop

#endif
