/* Values across plugins from the side of C: gives one as JSON, takes one as JSON and one as a service. */
#include "broken.h"

#include <stdio.h>

#include "../ViewPlugins/Prices/include/prices.h"

GW_PLUGIN_NOTE("c");

static void *provide_tick(void *context, const gw_invocation *invocation) {
  (void)context;
  int *value = malloc(sizeof *value);
  if (value == NULL) return NULL;
  *value = 41;
  gw_completion completion = host->provide(invocation->call, value);
  if (completion != GW_ACCEPTED && completion != GW_TOO_LATE) free(value);
  return NULL;
}

static int32_t write_tick(void *value, void *sink, void (*write)(void *sink, gw_bytes_borrowed part)) {
  char number[16];
  *(int *)value += 1;
  snprintf(number, sizeof number, "%d", *(int *)value);
  write(sink, bytes("{\"count\":"));
  write(sink, bytes(number));
  write(sink, bytes("}"));
  return 0;
}

static int32_t write_nothing(void *value, void *sink, void (*write)(void *sink, gw_bytes_borrowed part)) {
  (void)value, (void)sink, (void)write;
  return 1;
}

static int32_t write_garbage(void *value, void *sink, void (*write)(void *sink, gw_bytes_borrowed part)) {
  (void)value;
  write(sink, bytes("{\"count\":"));
  return 0;
}

/* The text of a member of an object that holds scalars only. */
static gw_bytes_borrowed member(const gw_json_borrowed *json, const char *name) {
  for (size_t at = 1; at + 1 < json->node_count; at += 2) {
    const gw_json_node *key = &json->nodes[at];
    size_t length = (uint32_t)key->payload;
    if (length != strlen(name) || memcmp(json->bytes + key->offset, name, length) != 0) continue;
    const gw_json_node *value = &json->nodes[at + 1];
    return (gw_bytes_borrowed){json->bytes + value->offset, (uint32_t)value->payload};
  }
  return bytes("");
}

static void *show(void *context, const gw_invocation *invocation) {
  (void)context;
  const gw_json_borrowed *account = invocation->dependencies_borrowed[0];
  const gw_service *service = invocation->dependencies_borrowed[1];
  const prices_v1 *prices = service->functions;
  gw_bytes_borrowed name = member(account, "name");
  char text[128];
  service->retain(service->context);
  snprintf(
      text, sizeof text, "%.*s %d %d", (int)name.count, (const char *)name.bytes,
      (int)prices->price_of(service->context, 5), (int)prices->count(service->context));
  service->release(service->context);
  respond(invocation->call, 200, text);
  return NULL;
}

static void *take(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, "taken");
  return NULL;
}

#define TICK "{\"provides\":[{\"json\":\"native.tick\",\"version\":\"1.0\"," \
  "\"schema\":{\"type\":\"object\",\"properties\":{\"count\":{\"type\":\"integer\"}},\"required\":[\"count\"]}}]}"
#define PROVIDER(label, function) \
  {.struct_size = sizeof(gw_provider), .execution = GW_INLINE, .scope = GW_SCOPE_REQUEST, .name = label, .type = "views.Tick", \
   .invoke = provide_tick, .release_value = free, .declaration = {(const uint8_t *)TICK, sizeof TICK - 1}, \
   .value_json = function}

static const gw_provider providers[] = {
    PROVIDER("tick", write_tick), PROVIDER("nothing", write_nothing), PROVIDER("garbage", write_garbage),
    PROVIDER("absent", NULL)};
static const gw_provider *const provider_list[] = {&providers[0], &providers[1], &providers[2], &providers[3]};

static const gw_need show_needs[] = {
    {"account", "json:catalog.account@1.0"}, {"prices", "service:catalog.prices@1.1"}};
static const gw_need take_needs[] = {{"tick", "json:native.tick@1.0"}};
static const gw_handler handlers[] = {
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "show", .invoke = show, .needs = show_needs,
     .need_count = 2},
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "take", .invoke = take, .needs = take_needs,
     .need_count = 1},
};
static const gw_handler *const list[] = {&handlers[0], &handlers[1]};

PLUGIN(list, .providers = provider_list, .provider_count = 4)
