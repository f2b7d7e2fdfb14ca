/* Fault: `loop` never returns, on the event loop. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static void *loop(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  for (volatile int turns = 0;; turns = 1 - turns) {
  }
}

static const gw_handler all[] = {HANDLER(GW_INLINE, "loop", loop), HANDLER(GW_INLINE, "hello", answer_hello)};
static const gw_handler *const handlers[] = {&all[0], &all[1]};
PLUGIN(handlers)
