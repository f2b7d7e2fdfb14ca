/* Fault: never completes. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static void *never(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  return NULL;
}

static const gw_handler never_handler = HANDLER(GW_ASYNC, "never", never);
static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&never_handler, &hello};
PLUGIN(handlers)
