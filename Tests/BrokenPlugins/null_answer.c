/* Fault: functions that have to complete before they return do not. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static void *forget(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  return NULL;
}

static const gw_handler inline_handler = HANDLER(GW_INLINE, "inline", forget);
static const gw_handler blocking_handler = HANDLER(GW_BLOCKING, "blocking", forget);
static const gw_handler *const handlers[] = {&inline_handler, &blocking_handler};
PLUGIN(handlers)
