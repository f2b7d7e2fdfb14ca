/* No fault: takes as long as the test wants. The body of a request is a port; the handler connects to it on the
 * loopback, and answers when the test closes that connection. `unit` is a dependency whose teardown counts how the
 * handlers that used it ended; `outcomes` answers the counts. */
#include "broken.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

GW_PLUGIN_NOTE("c");

static void wait_for_test(gw_bytes_borrowed body) {
  char text[16] = {0};
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
}

static void *wait_on_thread(void *argument) {
  const gw_invocation *invocation = argument;
  wait_for_test(invocation->request->body);
  respond(invocation->call, 200, "waited");
  return NULL;
}

static void *waits_async(void *context, const gw_invocation *invocation) {
  (void)context;
  pthread_t thread;
  if (pthread_create(&thread, NULL, wait_on_thread, (void *)(uintptr_t)invocation) == 0) pthread_detach(thread);
  return NULL;
}

static void *waits_blocking(void *context, const gw_invocation *invocation) {
  (void)context;
  wait_on_thread((void *)(uintptr_t)invocation);
  return NULL;
}

static _Atomic int succeeded, failed, cancelled;
static int value;

static void *make_unit(void *context, const gw_invocation *invocation) {
  (void)context;
  host->provide(invocation->call, &value);
  return NULL;
}

static void *end_unit(void *context, const gw_invocation *invocation) {
  (void)context;
  switch (invocation->outcome) {
    case GW_SUCCEEDED: ++succeeded; break;
    case GW_FAILED: ++failed; break;
    default: ++cancelled;
  }
  host->finish(invocation->call);
  return NULL;
}

static void release_unit(void *owned) { (void)owned; }

/* Status 0: fails with an error that has none. */
static void *answers(void *context, const gw_invocation *invocation) {
  uint16_t status = (uint16_t)(uintptr_t)context;
  if (status == 200) {
    respond(invocation->call, status, "fine");
  } else {
    gw_error_borrowed error = {
        .struct_size = sizeof error, .status = status, .type = bytes("WaitsError"), .description = bytes("secret why")};
    host->fail(invocation->call, &error);
  }
  return NULL;
}

static void *outcomes(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[64];
  snprintf(text, sizeof text, "%d succeeded, %d failed, %d cancelled", succeeded, failed, cancelled);
  respond(invocation->call, 200, text);
  return NULL;
}

static const gw_provider unit = {
    .struct_size = sizeof(gw_provider),
    .scope = GW_SCOPE_HANDLER,
    .name = "unit",
    .type = "broken.Unit",
    .invoke = make_unit,
    .teardown = end_unit,
    .release_value = release_unit,
};
static const gw_provider *const providers[] = {&unit};
static const gw_need needs[] = {{"unit", "broken.Unit"}};

#define WITH_UNIT(how, label, function, value)                                                              \
  {.struct_size = sizeof(gw_handler), .execution = how, .name = label, .invoke = function,                 \
   .context = (void *)(uintptr_t)value, .needs = needs, .need_count = 1}

static const gw_handler all[] = {
    HANDLER(GW_ASYNC, "async", waits_async),      HANDLER(GW_BLOCKING, "blocking", waits_blocking),
    WITH_UNIT(GW_INLINE, "ok", answers, 200),     WITH_UNIT(GW_INLINE, "conflict", answers, 409),
    WITH_UNIT(GW_INLINE, "breaks", answers, 0),   WITH_UNIT(GW_ASYNC, "unit_async", waits_async, 0),
    HANDLER(GW_INLINE, "outcomes", outcomes),
};
static const gw_handler *const handlers[] = {&all[0], &all[1], &all[2], &all[3], &all[4], &all[5], &all[6]};
PLUGIN(handlers, .providers = providers, .provider_count = 1)
