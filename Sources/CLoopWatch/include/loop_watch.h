/* What each event loop runs right now, in memory that a signal handler can read.
 *
 * A loop writes its own slot, with plain stores in one cache line and without a clock; another thread looks at the slots from
 * time to time. One whose sequence number stands still while it is inside a plugin is held: then that thread
 * interrupts the loop's thread, and the handler copies what is known and the stack.
 */
#ifndef LOOP_WATCH_H
#define LOOP_WATCH_H

#include <stdint.h>
#include <sys/types.h>

#include "gateway_plugin.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#pragma clang assume_nonnull begin

/* A slot for invocations, as far as the handler needs it. Immortal, and its texts too. Of one loop, which alone writes it. */
typedef struct lw_invocation {
  struct lw_invocation *_Nullable next; /* of the same loop */
  uint64_t generation;
  const char *_Nullable function;
  const char *_Nullable route;
  const void *_Nullable code;          /* an address in the plugin's image */
  const void *_Nullable token;         /* while it is open */
  const gw_request *_Nullable request; /* while it is open: then it stays in place */
} lw_invocation;

/* What a loop is inside. */
typedef struct lw_section {
  uint32_t kind; /* LW_... */
  uint32_t reserved;
  uint64_t generation;
  const lw_invocation *_Nullable invocation; /* the request is this one's, if the generation is the same */
  const char *_Nullable function;            /* immortal text */
  const char *_Nullable route;               /* immortal text */
} lw_section;

#define LW_OUTSIDE 0u
#define LW_CALL 1u
#define LW_JOB 2u

typedef struct lw_loop {
  uint64_t sequence;                   /* raised on every way in and out */
  lw_section current;
  const void *_Nullable job;
  const void *_Nullable run;
  uint32_t is_parked; /* nobody looks: whoever goes in wakes the watching thread */
  uint32_t request_id_count;
  uint64_t noted; /* the sequence number at which it was found to be held */
  /* Written by the loop while it is noted, read by the watching thread after that. */
  uint8_t request_id[64];
  lw_invocation *_Nullable invocations; /* newest first; only ever grows */
  pid_t thread;
  const char *_Nullable role; /* immortal text: what the thread is for */
} lw_loop;

/* A loop's slot, in cache lines of its own; never freed. Without memory the process ends, as it does in Swift. */
lw_loop *lw_make_loop(void);

#define LW_FRAMES 48

/* What the handler saw. */
typedef struct lw_sample {
  const char *_Nullable function; /* NULL: a job that belongs to no open invocation */
  const char *_Nullable route;
  const void *_Nullable run;  /* of a job: an address in the plugin's image */
  const void *_Nullable code; /* of an invocation: the same */
  uint32_t request_id_count;
  uint32_t frame_count;
  uint8_t request_id[64];
  void *_Nullable frames[LW_FRAMES];
} lw_sample;

void lw_wake(lw_loop *loop);

/* The slot is written with relaxed stores, the sequence number with release order: who reads the same number before and after
 * has seen one section. */
static inline void lw_set(lw_loop *loop, const lw_section *section) {
  __atomic_store_n(&loop->current.kind, section->kind, __ATOMIC_RELAXED);
  __atomic_store_n(&loop->current.generation, section->generation, __ATOMIC_RELAXED);
  __atomic_store_n(&loop->current.invocation, section->invocation, __ATOMIC_RELAXED);
  __atomic_store_n(&loop->current.function, section->function, __ATOMIC_RELAXED);
  __atomic_store_n(&loop->current.route, section->route, __ATOMIC_RELAXED);
  __atomic_store_n(&loop->sequence, loop->sequence + 1, __ATOMIC_RELEASE);
}

/* Into a function that is called for this invocation. Returns what `lw_leave` puts back: functions call the host, which calls
 * functions, maybe for the next invocation in the same slot. */
static inline lw_section lw_enter(
  lw_loop *loop, const lw_invocation *_Nullable invocation, const char *function, const char *_Nullable route) {
  lw_section outer = loop->current;
  lw_section section = {LW_CALL, 0, invocation ? invocation->generation : 0, invocation, function, route};
  lw_set(loop, &section);
  if (__builtin_expect(__atomic_load_n(&loop->is_parked, __ATOMIC_RELAXED) != 0, 0)) lw_wake(loop);
  return outer;
}

/* Into a job of an executor; `run` is the function that runs it. */
static inline lw_section lw_enter_job(lw_loop *loop, const void *job, const void *run) {
  lw_section outer = loop->current;
  lw_section section = {LW_JOB, 0, 0, NULL, NULL, NULL};
  __atomic_store_n(&loop->job, job, __ATOMIC_RELAXED);
  __atomic_store_n(&loop->run, run, __ATOMIC_RELAXED);
  lw_set(loop, &section);
  if (__builtin_expect(__atomic_load_n(&loop->is_parked, __ATOMIC_RELAXED) != 0, 0)) lw_wake(loop);
  return outer;
}

static inline void lw_leave(lw_loop *loop, lw_section outer) { lw_set(loop, &outer); }

/* On the loop: an invocation begins. */
static inline void lw_begin(
  lw_invocation *invocation, uint64_t generation, const char *function, const char *_Nullable route,
  const gw_request *_Nullable request, const void *code) {
  invocation->generation = generation;
  invocation->code = code;
  invocation->function = function;
  invocation->route = route;
  invocation->request = request;
}

/* On the loop, inside a function or a job: what runs from here on is this invocation's. */
static inline void lw_go_on(lw_loop *loop, const lw_invocation *invocation) {
  lw_section section = {LW_CALL, 0, invocation->generation, invocation, invocation->function, invocation->route};
  if (loop->current.kind != LW_OUTSIDE) lw_set(loop, &section);
}

/* On the loop: its task is known. */
static inline void lw_keep(lw_invocation *invocation, const void *token) { invocation->token = token; }

/* On the loop: it has completed; what was lent to it may go. */
static inline void lw_end(lw_invocation *invocation) {
  invocation->token = NULL;
  invocation->request = NULL;
}

/* On the loop: whether the section that it is in was found to hold it. */
static inline int lw_is_noted(const lw_loop *loop) {
  return __builtin_expect(__atomic_load_n(&loop->noted, __ATOMIC_RELAXED) == loop->sequence, 0);
}

/* On the loop, where it is noted: whose request it is. */
void lw_identify(lw_loop *loop, const uint8_t *_Nullable bytes, size_t count);

/* Adds a slot for invocations; from any thread. */
void lw_publish(lw_loop *loop, lw_invocation *invocation);

/* On the loop: the calling thread is the loop's. */
void lw_adopt_thread(lw_loop *loop, const char *role);

/* A slot for the calling thread, which is none of a loop's, such as one that may block. Freed with the thread. */
void lw_adopt_other_thread(const char *role);

/* The calling thread's slot: of its loop, or its own. NULL for a thread that was never adopted. May be called in a signal
 * handler. */
lw_loop *_Nullable lw_mine(void);

/* What the calling thread is inside; 0 where that is nothing. May be called in a signal handler, and reads what the slot points
 * to: where memory may be damaged, that reading may fault. */
int lw_describe(const lw_loop *loop, lw_sample *sample);

/* What the watching thread reads. */
static inline uint64_t lw_sequence(const lw_loop *loop) { return __atomic_load_n(&loop->sequence, __ATOMIC_ACQUIRE); }
static inline int lw_is_inside(const lw_loop *loop) {
  return __atomic_load_n(&loop->current.kind, __ATOMIC_RELAXED) != LW_OUTSIDE;
}
static inline void lw_note(lw_loop *loop, uint64_t sequence) {
  __atomic_store_n(&loop->noted, sequence, __ATOMIC_RELAXED);
}
void lw_park(lw_loop *loop, int is_parked);

/* Sleeps until that many nanoseconds have passed or a parked loop goes in. */
void lw_sleep(uint64_t nanoseconds);
/* Ends a sleep. */
void lw_rouse(void);

/* Prepares for samples; once, before the first. 0, or errno. */
int lw_install(void);

/* Interrupts the loop's thread and copies what it runs, if it is still in that section. One at a time. 1, or 0 where it has
 * gone on or its thread does not answer: then `sample` holds what can be seen from outside. */
int lw_take_sample(lw_loop *loop, uint64_t sequence, int wants_stack, lw_sample *sample);

/* Nanoseconds of processor time that the loop's thread has had. */
uint64_t lw_thread_time(const lw_loop *loop);

/* Names the calling thread, for debuggers. */
void lw_name_thread(const char *name);

/* Where an address is. Texts are of the image that it is in. */
typedef struct lw_place {
  const char *_Nullable file;
  const char *_Nullable symbol;
  uint64_t address; /* as the file counts */
} lw_place;

/* 0 where no image is there. */
int lw_find_place(const void *address, lw_place *place);

/* The function at that address of a file, to be freed; NULL where the file does not say. */
char *_Nullable lw_symbol_in_file(const char *file, uint64_t address);

/* A Swift symbol as people write it, to be freed; NULL where it is none. */
char *_Nullable lw_demangled(const char *symbol);

#pragma clang assume_nonnull end
#pragma clang diagnostic pop

#endif
