/* Fault: a thread of its own works on after `stop`. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static void *work(void *context) {
  (void)context;
  for (volatile int turns = 0;; turns = 1 - turns) {
  }
  return NULL;
}

static void *start(void *context, const gw_invocation *invocation) {
  (void)context;
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL) == 0) pthread_detach(thread);
  host->finish(invocation->call);
  return NULL;
}

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers, .start = start)
