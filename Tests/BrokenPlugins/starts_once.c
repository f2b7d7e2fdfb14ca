/* Fault: cannot be started again after it was stopped. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static int starts;

static void *start(void *context, const gw_invocation *invocation) {
  (void)context;
  gw_error_borrowed error = {.struct_size = sizeof error, .description = bytes("already started")};
  if (starts++ > 0) host->fail(invocation->call, &error);
  else host->finish(invocation->call);
  return NULL;
}

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers, .start = start)
