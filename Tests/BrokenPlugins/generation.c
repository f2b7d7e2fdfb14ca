/* No fault, but where it is asked for one: the plugin that tests replace. What differs from build to build is set by macros:
 * GENERATION, a text that its answers tell; START_FAILS; UNHEALTHY. */
#include "broken.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

GW_PLUGIN_NOTE("c");

static void log_text(const char *what, gw_bytes_borrowed more) {
  char text[256];
  snprintf(text, sizeof text, "%s %s %.*s", what, GENERATION, (int)more.count, (const char *)more.bytes);
  host->log(GW_LOG_INFO, bytes(text));
}

static void *start(void *context, const gw_invocation *invocation) {
  (void)context;
#ifdef START_FAILS
  gw_error_borrowed error = {
      .struct_size = sizeof error, .type = bytes("StartError"), .description = bytes("the disk is full")};
  host->fail(invocation->call, &error);
#else
  log_text("started", invocation->config);
  host->finish(invocation->call);
#endif
  return NULL;
}

static void *stop(void *context, const gw_invocation *invocation) {
  (void)context;
  log_text("stopped", (gw_bytes_borrowed){0});
  host->finish(invocation->call);
  return NULL;
}

static void *health(void *context, const gw_invocation *invocation) {
  (void)context;
#ifdef UNHEALTHY
  gw_error_borrowed error = {
      .struct_size = sizeof error, .type = bytes("HealthError"), .description = bytes("the database is away")};
  host->fail(invocation->call, &error);
#else
  host->finish(invocation->call);
#endif
  return NULL;
}

static void *version(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, GENERATION);
  return NULL;
}

/* The body is a port; answers when the test closes the connection to it. */
static void *waits(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[16] = {0};
  gw_bytes_borrowed body = invocation->request->body;
  memcpy(text, body.bytes, body.count < sizeof text - 1 ? body.count : sizeof text - 1);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(text)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) {
    char byte;
    while (read(connection, &byte, 1) > 0) {
    }
  }
  close(connection);
  const int *store = invocation->dependencies_borrowed[0];
  char answer[64];
  snprintf(answer, sizeof answer, "%s with store %d", GENERATION, *store);
  respond(invocation->call, 200, answer);
  return NULL;
}

/* The dependency of the application: counts how often it was made. */
static int made;
static int stores[64];

static void *make_store(void *context, const gw_invocation *invocation) {
  (void)context;
  int *store = &stores[made % 64];
  *store = ++made;
  host->provide(invocation->call, store);
  return NULL;
}

static void *end_store(void *context, const gw_invocation *invocation) {
  (void)context;
  log_text("store ended of", (gw_bytes_borrowed){0});
  host->finish(invocation->call);
  return NULL;
}

static void release_store(void *owned) { *(int *)owned = -1; }

static void *store_number(void *context, const gw_invocation *invocation) {
  (void)context;
  const int *store = invocation->dependencies_borrowed[0];
  char answer[64];
  snprintf(answer, sizeof answer, "%s with store %d", GENERATION, *store);
  respond(invocation->call, 200, answer);
  return NULL;
}

/* A policy that lets so many requests pass in its life, and says in its answer how many it saw. */
static int passed[64];
static int policies;

static void *make_policy(void *context, const gw_invocation *invocation) {
  (void)context;
  int *count = &passed[policies++ % 64];
  *count = 0;
  host->provide(invocation->call, count);
  return NULL;
}

static void *count_request(void *context, const gw_invocation *invocation) {
  (void)context;
  int *count = invocation->dependencies_borrowed[0];
  char answer[32];
  snprintf(answer, sizeof answer, "seen %d", ++*count);
  respond(invocation->call, 429, answer);
  return NULL;
}

static const gw_need needs[] = {{"store", "generation.Store"}};

static const gw_handler version_handler = HANDLER(GW_INLINE, "version", version);
static const gw_handler waits_handler = {.struct_size = sizeof(gw_handler), .execution = GW_BLOCKING, .name = "waits",
    .invoke = waits, .needs = needs, .need_count = 1};
static const gw_handler store_handler = {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "store",
    .invoke = store_number, .needs = needs, .need_count = 1};
static const gw_handler *const handlers[] = {&version_handler, &waits_handler, &store_handler};

static const gw_provider store = {
    .struct_size = sizeof(gw_provider),
    .execution = GW_INLINE,
    .scope = GW_SCOPE_APP,
    .name = "store",
    .type = "generation.Store",
    .invoke = make_store,
    .teardown = end_store,
    .release_value = release_store,
};
static const gw_provider *const providers[] = {&store};

static void release_policy(void *owned) { (void)owned; }

static const gw_policy counting = {
    .struct_size = sizeof(gw_policy),
    .execution = GW_INLINE,
    .name = "counting",
    .make = make_policy,
    .release_value = release_policy,
    .request = count_request,
};
static const gw_policy *const policy_list[] = {&counting};

static const char schema[] =
    "{\"type\":\"object\",\"properties\":{\"greeting\":{\"type\":\"string\"}},\"additionalProperties\":false}";

PLUGIN(handlers, .providers = providers, .provider_count = 1, .start = start, .stop = stop, .health = health,
       .policies = policy_list, .policy_count = 1,
       .config_schema = {(const uint8_t *)schema, sizeof schema - 1})
