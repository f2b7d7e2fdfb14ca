/* Fault: completes in a way that was not asked for: a handler that provides, one that finishes, a teardown that
 * responds. `last` answers how the host took it. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static _Atomic(gw_completion) result = (gw_completion)-1;
static int value;

static void *provides(void *context, const gw_invocation *invocation) {
  (void)context;
  result = host->provide(invocation->call, &value);
  return NULL;
}

static void *finishes(void *context, const gw_invocation *invocation) {
  (void)context;
  result = host->finish(invocation->call);
  return NULL;
}

static void *responds(void *context, const gw_invocation *invocation) {
  (void)context;
  result = respond(invocation->call, 200, "from a teardown");
  return NULL;
}

static void release_value(void *owned) { (void)owned; }

static void *last(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, completion_name(result));
  return NULL;
}

static const gw_provider provider = {
    .struct_size = sizeof(gw_provider),
    .scope = GW_SCOPE_REQUEST,
    .name = "value",
    .type = "broken.Value",
    .invoke = provides,
    .teardown = responds,
    .release_value = release_value,
};
static const gw_provider *const providers[] = {&provider};

static const gw_need needs[] = {{"value", "broken.Value"}};

static const gw_handler provides_handler = HANDLER(GW_INLINE, "provides", provides);
static const gw_handler finishes_handler = HANDLER(GW_INLINE, "finishes", finishes);
static const gw_handler last_handler = HANDLER(GW_INLINE, "last", last);
/* Answers well; the teardown of its dependency does not. */
static const gw_handler teardown_handler = {
    .struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "teardown", .invoke = answer_hello,
    .needs = needs, .need_count = 1};
static const gw_handler *const handlers[] = {
    &provides_handler, &finishes_handler, &teardown_handler, &last_handler};
PLUGIN(handlers, .providers = providers, .provider_count = 1)
