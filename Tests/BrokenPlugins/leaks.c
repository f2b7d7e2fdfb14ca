/* Faults: opens a file for each request and closes none; returns a token that nobody can release. */
#include "broken.h"

#include <fcntl.h>

GW_PLUGIN_NOTE("c");

static void *leak(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 ? "full" : "leaked");
  return NULL;
}

static void *token(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, "with a token");
  return malloc(16);
}

static const gw_handler all[] = {HANDLER(GW_INLINE, "leak", leak), HANDLER(GW_ASYNC, "token", token)};
static const gw_handler *const handlers[] = {&all[0], &all[1]};
PLUGIN(handlers)
