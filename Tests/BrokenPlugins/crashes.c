/* Ends the process, in every place where its code may run: what dies is told by the path of the route. */
#include "broken.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

BROKEN_NOTE("abi=1.2;lang=c;sdk=none;cc=test");

#define KEPT __attribute__((noinline, used))

static volatile int never;

KEPT static void read_nowhere(void) { never = *(volatile int *)8; }

KEPT static void trap(void) { __builtin_trap(); }

KEPT static void call_nowhere(void) {
  void (*volatile function)(void) = NULL;
  function();
  never = 1;
}

KEPT static int overflow(int depth) {
  volatile char room[1024];
  room[0] = (char)depth;
  if (never == 12345) return 0;
  return overflow(depth + 1) + room[0];
}

KEPT static void divide(void) {
  volatile int seven = 7, zero = 0;
  never = seven / zero;
#if !defined(__x86_64__)
  raise(SIGFPE);
#endif
}

/* By the word in the query: `?how=trap`. */
KEPT static void die(const gw_request *request) {
  char how[64] = "trap";
  if (request && request->query.count > 4 && request->query.count < sizeof how) {
    memcpy(how, request->query.bytes + 4, request->query.count - 4);
    how[request->query.count - 4] = 0;
  }
  if (strcmp(how, "pointer") == 0) read_nowhere();
  if (strcmp(how, "call") == 0) call_nowhere();
  if (strcmp(how, "overflow") == 0) never = overflow(0);
  if (strcmp(how, "divide") == 0) divide();
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "system") == 0) raise(SIGSYS);
  if (strcmp(how, "exit") == 0) exit(7);
  trap();
}

static void *dies(void *context, const gw_invocation *invocation) {
  (void)context;
  die(invocation->request);
  return NULL;
}

/* As a policy or a provider: only where the request says so. */
static int is_asked(const gw_invocation *invocation) {
  return invocation->request && invocation->request->query.count > 4;
}

static void *job_body(void) {
  trap();
  return NULL;
}

static void job(void *job, void *executor) {
  (void)job;
  (void)executor;
  job_body();
}

/* A job of an executor, behind the handler's return. */
static void *later(void *context, const gw_invocation *invocation) {
  (void)context;
  host->enqueue(invocation->loop, (void *)8, job, (void *)8);
  return NULL;
}

static void fire(void *context, uint32_t is_cancelled) {
  (void)context;
  if (!is_cancelled) trap();
}

static void *timer(void *context, const gw_invocation *invocation) {
  (void)context;
  host->start_timer(invocation->loop, 1000000, fire, NULL);
  return NULL;
}

static void *own_thread_body(void *context) {
  (void)context;
  trap();
  return NULL;
}

static void *own_thread(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  pthread_t thread;
  pthread_create(&thread, NULL, own_thread_body, NULL);
  return NULL;
}

static void *task_body(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  trap();
  return NULL;
}

static void release_nothing(void *context) { (void)context; }

static void *task(void *context, const gw_invocation *invocation) {
  (void)context;
  gw_task_borrowed left = {.struct_size = sizeof left, .execution = GW_BLOCKING, .invoke = task_body,
      .context_owned = (void *)8, .release_context = release_nothing, .label = bytes("mail")};
  host->background(invocation->call, &left);
  respond(invocation->call, 200, "sent");
  return NULL;
}

static void *hello(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[32];
  snprintf(text, sizeof text, "%d", getpid());
  respond(invocation->call, 200, text);
  return NULL;
}

/* MARK: a provider that dies, and one whose teardown does */

static void *provide(void *context, const gw_invocation *invocation) {
  (void)context;
  if (is_asked(invocation)) die(invocation->request);
  host->provide(invocation->call, (void *)8);
  return NULL;
}

static void *provide_always(void *context, const gw_invocation *invocation) {
  (void)context;
  host->provide(invocation->call, (void *)8);
  return NULL;
}

static const gw_provider providers_all[] = {
    {.struct_size = sizeof(gw_provider), .execution = GW_INLINE, .scope = GW_SCOPE_REQUEST, .name = "frail", .type = "T",
        .invoke = provide, .release_value = release_nothing},
    {.struct_size = sizeof(gw_provider), .execution = GW_INLINE, .scope = GW_SCOPE_REQUEST, .name = "brittle", .type = "T",
        .invoke = provide_always, .teardown = task_body, .release_value = release_nothing}};
static const gw_provider *const providers[] = {&providers_all[0], &providers_all[1]};

/* MARK: a policy that dies */

static void *policy(void *context, const gw_invocation *invocation) {
  (void)context;
  if (is_asked(invocation)) die(invocation->request);
  host->proceed(invocation->call, NULL, NULL);
  return NULL;
}

static const gw_policy strict = {.struct_size = sizeof(gw_policy), .execution = GW_INLINE, .name = "strict", .request = policy};
static const gw_policy *const policies[] = {&strict};

static void *start(void *context, const gw_invocation *invocation) {
  (void)context;
  if (getenv("CRASHES_AT_START")) trap();
  host->finish(invocation->call);
  return NULL;
}

static const gw_need need = {"frail", "T"};
static const gw_need brittle_need = {"brittle", "T"};

static const gw_handler all[] = {
    HANDLER(GW_INLINE, "hello", hello), HANDLER(GW_INLINE, "inline", dies), HANDLER(GW_ASYNC, "async", dies),
    HANDLER(GW_BLOCKING, "blocking", dies), HANDLER(GW_ASYNC, "later", later), HANDLER(GW_ASYNC, "timer", timer),
    HANDLER(GW_ASYNC, "own_thread", own_thread), HANDLER(GW_INLINE, "task", task),
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "needs", .invoke = hello, .needs = &need, .need_count = 1},
    {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = "ends", .invoke = hello, .needs = &brittle_need,
        .need_count = 1}};
static const gw_handler *const handlers[] = {
    &all[0], &all[1], &all[2], &all[3], &all[4], &all[5], &all[6], &all[7], &all[8], &all[9]};
PLUGIN(handlers, .providers = providers, .provider_count = 2, .policies = policies, .policy_count = 1, .start = start)
