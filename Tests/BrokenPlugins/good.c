/* A whole plugin in C, and the sample that the broken ones differ from.
 *
 *   clang -shared -fPIC -pthread -I <directory of gateway_plugin.h> good.c -o libgood.so
 */
#include "gateway_plugin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

GW_PLUGIN_NOTE("c");

static const gw_host *host;

static gw_bytes_borrowed bytes(const char *text) {
  return (gw_bytes_borrowed){(const uint8_t *)text, strlen(text)};
}

/* What `respond` reads is read before it returns, so all of it may live on the stack. */
static void respond(gw_call call, uint16_t status, const char *type, gw_bytes_borrowed body) {
  gw_field_borrowed field = {bytes("content-type"), bytes(type)};
  gw_response_borrowed response = {
      .struct_size = sizeof response,
      .status = status,
      .fields_borrowed = &field,
      .field_count = 1,
      .body_borrowed = body,
  };
  host->respond(call, &response);
}

static void fail(gw_call call, const char *description) {
  gw_error_borrowed error = {
      .struct_size = sizeof error, .type = bytes("GoodError"), .description = bytes(description)};
  host->fail(call, &error);
}

/* GW_INLINE: on the event loop, complete before it returns. */
static void *hello(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, "text/plain", bytes("hello"));
  return NULL;
}

static void *echo(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, "application/octet-stream", invocation->request->body);
  return NULL;
}

/* GW_ASYNC: on the event loop, completed later by a thread of its own. The invocation stays valid until then. */
static void *answer_from_thread(void *argument) {
  const gw_invocation *invocation = argument;
  respond(invocation->call, 200, "text/plain", bytes("async"));
  return NULL;
}

static void *async(void *context, const gw_invocation *invocation) {
  (void)context;
  pthread_t thread;
  if (pthread_create(&thread, NULL, answer_from_thread, (void *)(uintptr_t)invocation) != 0) {
    fail(invocation->call, "no thread");
    return NULL;
  }
  pthread_detach(thread);
  return NULL;
}

/* GW_BLOCKING: on the host's thread pool, may block, complete before it returns. */
static void *blocking(void *context, const gw_invocation *invocation) {
  (void)context;
  int is_on_loop = host->current_loop() != UINT32_MAX;
  respond(invocation->call, 200, "text/plain", bytes(is_on_loop ? "on a loop" : "on the pool"));
  return NULL;
}

/* A dependency: a value is made, lent to the handlers that need it, torn down, then released. */
typedef struct greeting {
  const char *text;
} greeting;

static void *make_greeting(void *context, const gw_invocation *invocation) {
  (void)context;
  greeting *value = malloc(sizeof *value);
  if (value == NULL) {
    fail(invocation->call, "no memory");
    return NULL;
  }
  value->text = "good day";
  gw_completion completion = host->provide(invocation->call, value);
  /* Refused: the value is still this function's. */
  if (completion != GW_ACCEPTED && completion != GW_TOO_LATE) free(value);
  return NULL;
}

static void *end_greeting(void *context, const gw_invocation *invocation) {
  (void)context;
  host->finish(invocation->call);
  return NULL;
}

static void release_greeting(void *value) { free(value); }

static void *greet(void *context, const gw_invocation *invocation) {
  (void)context;
  const greeting *value = invocation->dependencies_borrowed[0];
  respond(invocation->call, 200, "text/plain", bytes(value->text));
  return NULL;
}

static const gw_need greet_needs[] = {{"greeting", "good.Greeting"}};

static const gw_handler handlers[] = {
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "hello", .invoke = hello},
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "echo", .invoke = echo},
    {.struct_size = sizeof(gw_handler), .execution = GW_ASYNC, .name = "async", .invoke = async},
    {.struct_size = sizeof(gw_handler), .execution = GW_BLOCKING, .name = "blocking", .invoke = blocking},
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "greet", .invoke = greet,
     .needs = greet_needs, .need_count = 1},
};
static const gw_handler *const handler_list[] = {
    &handlers[0], &handlers[1], &handlers[2], &handlers[3], &handlers[4]};

static const gw_provider greeting_provider = {
    .struct_size = sizeof(gw_provider),
    .execution = GW_INLINE,
    .scope = GW_SCOPE_REQUEST,
    .name = "greeting",
    .type = "good.Greeting",
    .invoke = make_greeting,
    .teardown = end_greeting,
    .release_value = release_greeting,
};
static const gw_provider *const provider_list[] = {&greeting_provider};

static const gw_plugin plugin = {
    .struct_size = sizeof(gw_plugin),
    .abi_major = GW_ABI_MAJOR,
    .abi_minor = GW_ABI_MINOR,
    .name = "good",
    .version = "1.0.0",
    .handlers = handler_list,
    .handler_count = 5,
    .providers = provider_list,
    .provider_count = 1,
};

const gw_plugin *gateway_plugin_v1(const gw_host *gateway) {
  host = gateway;
  return &plugin;
}
