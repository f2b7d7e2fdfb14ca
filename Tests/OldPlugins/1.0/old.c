/* A plugin as it was written for contract 1.0: a provider of a request's scope, a handler on the loop, one that blocks. */
#include "gateway_plugin.h"

GW_PLUGIN_NOTE("c");

static const gw_host *host;
static int torn_down;

static size_t put(char *to, size_t at, const void *from, size_t count) {
  for (size_t i = 0; i < count && at < 200; i++) to[at++] = ((const char *)from)[i];
  return at;
}

static void answer(gw_call call, const char *text, size_t count) {
  gw_field_borrowed type = {{(const uint8_t *)"content-type", 12}, {(const uint8_t *)"text/plain", 10}};
  gw_response_borrowed response = {sizeof response, 200, 0, &type, 1, {(const uint8_t *)text, count}};
  host->respond(call, &response);
}

/* Says whom it greets, with the dependency's value. */
static void *greet(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[200];
  size_t count = put(text, 0, invocation->dependencies_borrowed[0], 6);
  for (size_t i = 0; i < invocation->request->parameter_count; i++) {
    gw_parameter_borrowed name = invocation->request->parameters[i];
    count = put(text, count, name.text.bytes, name.text.count);
  }
  answer(invocation->call, text, count);
  return 0;
}

/* Gives the body back, from a thread. */
static void *echo(void *context, const gw_invocation *invocation) {
  (void)context;
  answer(invocation->call, (const char *)invocation->request->body.bytes, invocation->request->body.count);
  return 0;
}

static void *count(void *context, const gw_invocation *invocation) {
  (void)context;
  char digit = (char)('0' + torn_down % 10);
  answer(invocation->call, &digit, 1);
  return 0;
}

static void *make(void *context, const gw_invocation *invocation) {
  (void)context;
  static char value[] = "Hello ";
  host->provide(invocation->call, value);
  return 0;
}

static void *end(void *context, const gw_invocation *invocation) {
  (void)context;
  torn_down++;
  host->finish(invocation->call);
  return 0;
}

static void release(void *value) { (void)value; }

static void *start(void *context, const gw_invocation *invocation) {
  (void)context;
  gw_bytes_borrowed text = {(const uint8_t *)"an old plugin starts", 20};
  host->log(GW_LOG_INFO, text);
  host->finish(invocation->call);
  return 0;
}

static const gw_need greeting = {"greeting", "text"};
static const gw_handler greets = {sizeof greets, GW_INLINE, "greet", greet, 0, &greeting, 1};
static const gw_handler echoes = {sizeof echoes, GW_BLOCKING, "echo", echo, 0, 0, 0};
static const gw_handler counts = {sizeof counts, GW_INLINE, "count", count, 0, 0, 0};
static const gw_handler *const handlers[] = {&greets, &echoes, &counts};
static const gw_provider provider = {
  sizeof provider, GW_INLINE, GW_SCOPE_REQUEST, 0, "greeting", "text", make, end, release, 0, 0, 0, {0, 0}};
static const gw_provider *const providers[] = {&provider};
static const gw_plugin plugin = {
  sizeof plugin, GW_ABI_MAJOR, GW_ABI_MINOR, "old", "1.0.0", handlers, 3, providers, 1, {0, 0}, start, 0, 0, 0, 0};

const gw_plugin *gateway_plugin_v1(const gw_host *given) {
  host = given;
  return &plugin;
}
