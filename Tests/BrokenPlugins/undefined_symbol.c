/* Fault: calls a function that no library has, which RTLD_NOW finds at load. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

extern int gw_nowhere(void);

static void *ask(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, gw_nowhere() ? "somewhere" : "nowhere");
  return NULL;
}

static const gw_handler hello = HANDLER(GW_INLINE, "hello", ask);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers)
