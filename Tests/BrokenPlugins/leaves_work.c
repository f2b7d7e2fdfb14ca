/* No fault: leaves work behind for after the answer, and answers for errors. The body of a request to `leave` is a port: the
 * second of its three tasks connects to it on the loopback, and ends when the test closes that connection. `counts` tells how many
 * tasks ran and how many contexts and causes came back. */
#include "broken.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

GW_PLUGIN_NOTE("c");

static _Atomic int ran, released, causes, seen;

struct work {
  int port;
};

static void release_work(void *owned) {
  ++released;
  free(owned);
}

static void *run_at_once(void *context, const gw_invocation *invocation) {
  (void)context;
  ++ran;
  host->finish(invocation->call);
  return NULL;
}

static void *run_waiting(void *context, const gw_invocation *invocation) {
  struct work *work = context;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)work->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) {
    char byte;
    while (read(connection, &byte, 1) > 0) {
    }
  }
  close(connection);
  ++ran;
  host->finish(invocation->call);
  return NULL;
}

static gw_completion add(gw_call call, gw_execution how, gw_function function, int port, const char *label) {
  struct work *work = malloc(sizeof *work);
  work->port = port;
  gw_task_borrowed task = {.struct_size = sizeof task, .execution = how, .invoke = function, .context_owned = work,
      .release_context = release_work, .label = bytes(label)};
  gw_completion taken = host->background(call, &task);
  if (taken != GW_ACCEPTED) free(work);
  return taken;
}

static void *leave(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[16] = {0};
  gw_bytes_borrowed body = invocation->request->body;
  memcpy(text, body.bytes, body.count < sizeof text - 1 ? body.count : sizeof text - 1);
  add(invocation->call, GW_INLINE, run_at_once, 0, "first");
  add(invocation->call, GW_BLOCKING, run_waiting, atoi(text), "waits");
  add(invocation->call, GW_INLINE, run_at_once, 0, "last");
  respond(invocation->call, 200, "left");
  return NULL;
}

static void *many(void *context, const gw_invocation *invocation) {
  (void)context;
  int taken = 0;
  while (taken < 1000 && add(invocation->call, GW_INLINE, run_at_once, 0, "one of many") == GW_ACCEPTED) ++taken;
  char text[16];
  snprintf(text, sizeof text, "%d", taken);
  respond(invocation->call, 200, text);
  return NULL;
}

static void release_cause(void *cause) {
  (void)cause;
  ++causes;
}

static int cause;

static gw_error_borrowed an_error(uint16_t status) {
  return (gw_error_borrowed){.struct_size = sizeof(gw_error_borrowed), .status = status, .type = bytes("OwnError"),
      .description = bytes("secret why"), .cause_owned = &cause, .release_cause = release_cause};
}

static void *fails(void *context, const gw_invocation *invocation) {
  (void)context;
  add(invocation->call, GW_INLINE, run_at_once, 0, "never");
  gw_error_borrowed error = an_error(0);
  host->fail(invocation->call, &error);
  /* Too often, but what it owns is passed over all the same. */
  host->fail(invocation->call, &error);
  return NULL;
}

static void *answers_for_its_error(void *context, const gw_invocation *invocation) {
  (void)context;
  add(invocation->call, GW_INLINE, run_at_once, 0, "never");
  gw_error_borrowed error = an_error(0);
  gw_response_borrowed response = {
      .struct_size = sizeof response, .status = 409, .body_borrowed = bytes("mapped"), .error = &error};
  host->respond(invocation->call, &response);
  return NULL;
}

static void *counts(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[96];
  snprintf(text, sizeof text, "%d ran, %d released, %d causes, %d seen", ran, released, causes, seen);
  respond(invocation->call, 200, text);
  return NULL;
}

/* A dependency whose teardown looks for the plugin's own error. */
static void *make_unit(void *context, const gw_invocation *invocation) {
  (void)context;
  host->provide(invocation->call, &cause);
  return NULL;
}

static void *end_unit(void *context, const gw_invocation *invocation) {
  (void)context;
  const gw_error_borrowed *error = invocation->error;
  if (invocation->outcome == GW_FAILED && error && error->release_cause == release_cause && error->cause_owned == &cause) ++seen;
  host->finish(invocation->call);
  return NULL;
}

static void release_unit(void *owned) { (void)owned; }

static void *explain(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[64];
  snprintf(text, sizeof text, "explained %d", invocation->error->status);
  respond(invocation->call, invocation->error->status, text);
  return NULL;
}

static const gw_provider unit = {.struct_size = sizeof(gw_provider), .scope = GW_SCOPE_REQUEST, .name = "unit",
    .type = "broken.Unit", .invoke = make_unit, .teardown = end_unit, .release_value = release_unit};
static const gw_provider *const providers[] = {&unit};
static const gw_need needs[] = {{"unit", "broken.Unit"}};
static const gw_handler all[] = {
    HANDLER(GW_INLINE, "leave", leave), HANDLER(GW_BLOCKING, "many", many),
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "fails", .invoke = fails, .needs = needs, .need_count = 1},
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "maps", .invoke = answers_for_its_error, .needs = needs,
        .need_count = 1},
    HANDLER(GW_INLINE, "counts", counts),
};
static const gw_handler *const handlers[] = {&all[0], &all[1], &all[2], &all[3], &all[4]};
static const gw_handler explains = HANDLER(GW_ASYNC, "explain", explain);
static const gw_handler *const error_handlers[] = {&explains};
PLUGIN(handlers, .providers = providers, .provider_count = 1, .error_handlers = error_handlers, .error_handler_count = 1)
