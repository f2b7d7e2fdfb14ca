/* Fault: statuses that no final response may have. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static void *answer(void *context, const gw_invocation *invocation) {
  respond(invocation->call, (uint16_t)(uintptr_t)context, "body");
  return NULL;
}

static void *fail(void *context, const gw_invocation *invocation) {
  gw_error_borrowed error = {.struct_size = sizeof error, .status = (uint16_t)(uintptr_t)context};
  host->fail(invocation->call, &error);
  return NULL;
}

#define STATUS(function, label, status)                                                                     \
  {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = label, .invoke = function,           \
   .context = (void *)(uintptr_t)status}

static const gw_handler all[] = {
    STATUS(answer, "zero", 0),     STATUS(answer, "continue", 100), STATUS(answer, "switching", 101),
    STATUS(answer, "199", 199),    STATUS(answer, "600", 600),      STATUS(answer, "65535", 65535),
    STATUS(fail, "fail_200", 200), STATUS(fail, "fail_600", 600),
};
static const gw_handler *const handlers[] = {&all[0], &all[1], &all[2], &all[3], &all[4], &all[5], &all[6], &all[7]};
PLUGIN(handlers)
