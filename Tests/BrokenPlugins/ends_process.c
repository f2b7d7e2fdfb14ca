/* Faults: handlers that end the process, each in its own way. `hello` has none, `large` only with a large body. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static void *trap(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  __builtin_trap();
}

static void *leave(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  exit(7);
}

static void *large(void *context, const gw_invocation *invocation) {
  (void)context;
  if (invocation->request->body.count > 100000) abort();
  respond(invocation->call, 200, "small");
  return NULL;
}

static const gw_handler all[] = {
    HANDLER(GW_INLINE, "trap", trap), HANDLER(GW_BLOCKING, "leave", leave), HANDLER(GW_ASYNC, "large", large),
    HANDLER(GW_INLINE, "hello", answer_hello)};
static const gw_handler *const handlers[] = {&all[0], &all[1], &all[2], &all[3]};
PLUGIN(handlers)
