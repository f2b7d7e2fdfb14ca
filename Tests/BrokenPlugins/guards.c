/* No fault: dependencies that routes run for what they do, not for their value.
 *
 *   key     lets in who sends `x-key: sesame`, answers 401 to others; completes on a thread of its own
 *   brief   of handler scope; its teardown fails where the request says `x-fail`
 *   tenant  reads a header field of its own, which the gateway checks
 */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static int has(const gw_request *request, const char *name, const char *value) {
  for (size_t i = 0; i < request->field_count; i++) {
    gw_bytes_borrowed field = request->fields[i].name, content = request->fields[i].value;
    if (field.count == strlen(name) && memcmp(field.bytes, name, field.count) == 0 &&
        content.count == strlen(value) && memcmp(content.bytes, value, content.count) == 0)
      return 1;
  }
  return 0;
}

static void *judge(void *argument) {
  const gw_invocation *invocation = argument;
  if (has(invocation->request, "x-key", "sesame"))
    host->provide(invocation->call, (void *)&host);
  else
    respond(invocation->call, 401, "no key");
  return NULL;
}

static void *key(void *context, const gw_invocation *invocation) {
  (void)context;
  pthread_t thread;
  if (pthread_create(&thread, NULL, judge, (void *)(uintptr_t)invocation) != 0)
    return judge((void *)(uintptr_t)invocation);
  pthread_detach(thread);
  return NULL;
}

static void *make(void *context, const gw_invocation *invocation) {
  (void)context;
  host->provide(invocation->call, (void *)&host);
  return NULL;
}

static void *end_brief(void *context, const gw_invocation *invocation) {
  (void)context;
  if (has(invocation->request, "x-fail", "1")) {
    gw_error_borrowed error = {.struct_size = sizeof error, .type = bytes("Guard"), .description = bytes("no commit")};
    host->fail(invocation->call, &error);
  } else {
    host->finish(invocation->call);
  }
  return NULL;
}

static void release(void *value) { (void)value; }

static const char tenant_parameters[] =
    "{\"parameters\":{\"x-tenant\":{\"in\":\"header\",\"required\":true,\"type\":\"integer\"}}}";

static const gw_provider key_provider = {
    .struct_size = sizeof(gw_provider), .execution = GW_ASYNC, .scope = GW_SCOPE_REQUEST,
    .name = "key", .type = "guards.Key", .invoke = key, .release_value = release};
static const gw_provider brief_provider = {
    .struct_size = sizeof(gw_provider), .execution = GW_INLINE, .scope = GW_SCOPE_HANDLER, .name = "brief",
    .type = "guards.Brief", .invoke = make, .teardown = end_brief, .release_value = release};
static const gw_provider tenant_provider = {
    .struct_size = sizeof(gw_provider), .execution = GW_INLINE, .scope = GW_SCOPE_REQUEST, .name = "tenant",
    .type = "guards.Tenant", .invoke = make, .release_value = release,
    .declaration = {(const uint8_t *)tenant_parameters, sizeof tenant_parameters - 1}};
static const gw_provider *const providers[] = {&key_provider, &brief_provider, &tenant_provider};

static const gw_handler hello = HANDLER(GW_INLINE, "hello", answer_hello);
static const gw_handler *const handlers[] = {&hello};
PLUGIN(handlers, .providers = providers, .provider_count = 3)
