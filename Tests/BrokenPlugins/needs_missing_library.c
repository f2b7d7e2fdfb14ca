/* Fault: needs a library that is not there (absent.c, which is removed after linking). */
#include "broken.h"

GW_PLUGIN_NOTE("c");

extern int gw_absent(void);

static void *ask(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, gw_absent() ? "absent" : "present");
  return NULL;
}

static const gw_handler hello = HANDLER(GW_INLINE, "hello", ask);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers)
