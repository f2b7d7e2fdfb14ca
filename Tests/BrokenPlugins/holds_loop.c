/* Fault: waits on the event loop. It waits for a signal, which comes when the gateway looks at what holds the loop. */
#include "broken.h"

#include <unistd.h>

GW_PLUGIN_NOTE("c");

/* Not a tail call, so that it has a frame of its own. */
__attribute__((noinline)) static void wait_for_a_signal(void) {
  pause();
  __asm__ volatile("");
}

static void *hold(void *context, const gw_invocation *invocation) {
  (void)context;
  wait_for_a_signal();
  respond(invocation->call, 200, "held");
  return NULL;
}

static const gw_handler inline_handler = HANDLER(GW_INLINE, "inline", hold);
static const gw_handler async_handler = HANDLER(GW_ASYNC, "async", hold);
static const gw_handler *const handlers[] = {&inline_handler, &async_handler};
PLUGIN(handlers)
