/* Fault: what the provider makes could never be given back. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static void *provide_value(void *context, const gw_invocation *invocation) {
  (void)context;
  host->provide(invocation->call, (void *)&host);
  return NULL;
}

static const gw_provider provider = {
    .struct_size = sizeof(gw_provider),
    .scope = GW_SCOPE_REQUEST,
    .name = "value",
    .type = "broken.Value",
    .invoke = provide_value,
};
static const gw_provider *const providers[] = {&provider};

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers, .providers = providers, .provider_count = 1)
