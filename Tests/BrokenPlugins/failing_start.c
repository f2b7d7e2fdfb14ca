/* Fault: `start` fails. The plugin loads. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static void *start(void *context, const gw_invocation *invocation) {
  (void)context;
  gw_error_borrowed error = {
      .struct_size = sizeof error, .type = bytes("BrokenError"), .description = bytes("the database is on strike")};
  host->fail(invocation->call, &error);
  return NULL;
}

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers, .start = start)
