/* Fault: completes twice. `last` answers how the host took the second time. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static _Atomic(gw_completion) second = (gw_completion)-1;

static void *twice(void *context, const gw_invocation *invocation) {
  (void)context;
  gw_call call = invocation->call;
  respond(call, 200, "first");
  second = respond(call, 200, "second");
  return NULL;
}

static void *last(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, completion_name(second));
  return NULL;
}

static const gw_handler inline_handler = HANDLER(GW_INLINE, "inline", twice);
static const gw_handler async_handler = HANDLER(GW_ASYNC, "async", twice);
static const gw_handler blocking_handler = HANDLER(GW_BLOCKING, "blocking", twice);
static const gw_handler last_handler = HANDLER(GW_INLINE, "last", last);
static const gw_handler *const handlers[] = {&inline_handler, &async_handler, &blocking_handler, &last_handler};
PLUGIN(handlers)
