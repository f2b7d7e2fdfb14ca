/* Fault: completes long after the deadline. `late` keeps its call; `flush`, called by the test when the deadline has
 * passed, lets a thread complete it, and answers how the host took that. So nothing here depends on a clock. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static gw_call kept;
static int is_kept;
static _Atomic int cancellations;

static void *late(void *context, const gw_invocation *invocation) {
  (void)context;
  pthread_mutex_lock(&lock);
  kept = invocation->call;
  is_kept = 1;
  pthread_mutex_unlock(&lock);
  return &cancellations;
}

static void cancel(void *token) { ++*(_Atomic int *)token; }
static void release_token(void *token) { (void)token; }

static void *complete(void *result) {
  pthread_mutex_lock(&lock);
  gw_call call = kept;
  int is_there = is_kept;
  is_kept = 0;
  pthread_mutex_unlock(&lock);
  if (is_there) *(const char **)result = completion_name(respond(call, 200, "late"));
  return NULL;
}

static void *flush(void *context, const gw_invocation *invocation) {
  (void)context;
  const char *result = "nothing kept";
  pthread_t thread;
  if (pthread_create(&thread, NULL, complete, &result) == 0) pthread_join(thread, NULL);
  respond(invocation->call, 200, result);
  return NULL;
}

/* Whether the host has asked `late` to end. */
static void *cancelled(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, cancellations > 0 ? "cancelled" : "not cancelled");
  return NULL;
}

static const gw_handler late_handler = HANDLER(GW_ASYNC, "late", late);
static const gw_handler flush_handler = HANDLER(GW_INLINE, "flush", flush);
static const gw_handler cancelled_handler = HANDLER(GW_INLINE, "cancelled", cancelled);
static const gw_handler *const handlers[] = {&late_handler, &flush_handler, &cancelled_handler};
PLUGIN(handlers, .cancel = cancel, .release_token = release_token)
