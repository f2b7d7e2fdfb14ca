/* Does everything that a plugin should not be able to do to a gateway: for processes of its own. */
#define _GNU_SOURCE
#include "broken.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

GW_PLUGIN_NOTE("c");

static void *traps(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  __builtin_trap();
}

/* Every `header x-trap: yes` traps; others are answered. For load. */
static void *sometimes(void *context, const gw_invocation *invocation) {
  (void)context;
  const gw_request *request = invocation->request;
  if (request->query.count == 4 && memcmp(request->query.bytes, "trap", 4) == 0) __builtin_trap();
  respond(invocation->call, 200, "fine");
  return NULL;
}

static void *exits(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  exit(7);
}

static void *loops(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  for (volatile int forever = 1; forever;) {
  }
  return NULL;
}

/* Or the compiler would leave the whole allocation out. */
static void *volatile leaked;

static void *leaks(void *context, const gw_invocation *invocation) {
  (void)context;
  size_t size = 0;
  for (;;) {
    void *block = malloc(1 << 20);
    if (!block) break;
    memset(block, 1, 1 << 20);
    leaked = block;
    if (++size == 4096) {
      respond(invocation->call, 200, "4 GiB");
      return NULL;
    }
  }
  abort();
}

/* Neither answers nor ends. */
static void *forgets(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  return NULL;
}

static void write_all(const void *bytes, size_t count) {
  for (int descriptor = 3; descriptor < 8; ++descriptor)
    if (write(descriptor, bytes, count) < 0 && errno == EPIPE) break;
}

/* Writes to whatever is open, the gateway's sockets too. */
static void *garbage(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  char bytes[4096];
  memset(bytes, 0xA5, sizeof bytes);
  write_all(bytes, sizeof bytes);
  return NULL;
}

/* The end of an invocation that is not there, as the protocol has it: kind 10, number 123456. */
static void *forges(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  unsigned char frame[16] = {0, 0, 0, 0, 10, 0, 0, 0, 0x40, 0xE2, 0x01};
  write_all(frame, sizeof frame);
  return NULL;
}

static void *forks(void *context, const gw_invocation *invocation) {
  (void)context;
  pid_t child = fork();
  if (child == 0) _exit(0);
  char text[64];
  if (child < 0) {
    snprintf(text, sizeof text, "cannot: %s", strerror(errno));
  } else {
    waitpid(child, NULL, 0);
    snprintf(text, sizeof text, "forked");
  }
  respond(invocation->call, 200, text);
  return NULL;
}

static void *opens(void *context, const gw_invocation *invocation) {
  (void)context;
  int count = 0, descriptor;
  while (count < 5000 && (descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) ++count;
  int code = errno;
  char text[96];
  snprintf(text, sizeof text, "%s: %s", count == 5000 ? "all" : "some", strerror(code));
  for (int index = 3; index < 6000; ++index)
    if (fcntl(index, F_GETFD) >= 0 && index >= 3 + 8) {
      char link[64], path[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", index);
      ssize_t length = readlink(link, path, sizeof path - 1);
      if (length == 9 && memcmp(path, "/dev/null", 9) == 0) close(index);
    }
  respond(invocation->call, 200, text);
  return NULL;
}

/* What the process has been given. */
static void *surroundings(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[512];
  const char *given = getenv("UNRULY_GIVEN"), *secret = getenv("UNRULY_SECRET");
  snprintf(text, sizeof text, "given=%s secret=%s no_new_privs=%d session=%d", given ? given : "-", secret ? secret : "-",
      prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), getsid(0) == getpid());
  respond(invocation->call, 200, text);
  return NULL;
}

static void *process(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[32];
  snprintf(text, sizeof text, "%d", (int)getpid());
  respond(invocation->call, 200, text);
  return NULL;
}

static void *prints(void *context, const gw_invocation *invocation) {
  (void)context;
  printf("printed by the plugin\n");
  fprintf(stderr, "complained by the plugin\n");
  respond(invocation->call, 200, "printed");
  return NULL;
}

static void *floods(void *context, const gw_invocation *invocation) {
  (void)context;
  for (int line = 0; line < 3000; ++line) host->log_event(&invocation->call, GW_LOG_INFO, bytes("flood"), NULL, 0);
  respond(invocation->call, 200, "flooded");
  return NULL;
}

/* A value that tells which process made it, and whether it is still there. */
struct unit {
  pid_t process;
  int turns;
};

static void *make_unit(void *context, const gw_invocation *invocation) {
  (void)context;
  struct unit *unit = malloc(sizeof *unit);
  unit->process = getpid();
  unit->turns = 0;
  host->provide(invocation->call, unit);
  return NULL;
}

static void release_unit(void *owned) { free(owned); }

static _Atomic int torn_down;

static void *end_unit(void *context, const gw_invocation *invocation) {
  (void)context;
  ++torn_down;
  host->finish(invocation->call);
  return NULL;
}

static void *uses(void *context, const gw_invocation *invocation) {
  (void)context;
  struct unit *unit = invocation->dependencies_borrowed[0];
  char text[96];
  snprintf(text, sizeof text, "%s %d", unit->process == getpid() ? "mine" : "foreign", ++unit->turns);
  respond(invocation->call, 200, text);
  return NULL;
}

static void *traps_with_unit(void *context, const gw_invocation *invocation) {
  (void)context;
  (void)invocation;
  __builtin_trap();
}

static void *torn(void *context, const gw_invocation *invocation) {
  (void)context;
  char text[32];
  snprintf(text, sizeof text, "%d", torn_down);
  respond(invocation->call, 200, text);
  return NULL;
}

static const gw_need needs[] = {{.name = "unit", .type = "unit"}};

static const gw_handler all[] = {
    HANDLER(GW_ASYNC, "traps", traps), HANDLER(GW_BLOCKING, "traps_blocking", traps),
    HANDLER(GW_ASYNC, "sometimes", sometimes), HANDLER(GW_BLOCKING, "exits", exits), HANDLER(GW_ASYNC, "loops", loops),
    HANDLER(GW_BLOCKING, "spins", loops), HANDLER(GW_BLOCKING, "leaks", leaks), HANDLER(GW_ASYNC, "forgets", forgets),
    HANDLER(GW_ASYNC, "garbage", garbage), HANDLER(GW_ASYNC, "forges", forges), HANDLER(GW_BLOCKING, "forks", forks),
    HANDLER(GW_BLOCKING, "opens", opens), HANDLER(GW_ASYNC, "surroundings", surroundings),
    HANDLER(GW_ASYNC, "process", process), HANDLER(GW_ASYNC, "prints", prints), HANDLER(GW_ASYNC, "floods", floods),
    HANDLER(GW_ASYNC, "torn", torn),
    {.struct_size = sizeof(gw_handler), .execution = GW_ASYNC, .name = "uses", .invoke = uses, .needs = needs, .need_count = 1},
    {.struct_size = sizeof(gw_handler), .execution = GW_ASYNC, .name = "traps_with_unit", .invoke = traps_with_unit,
        .needs = needs, .need_count = 1},
};

static const gw_handler *const handlers[] = {&all[0], &all[1], &all[2], &all[3], &all[4], &all[5], &all[6], &all[7],
    &all[8], &all[9], &all[10], &all[11], &all[12], &all[13], &all[14], &all[15], &all[16], &all[17], &all[18]};

static const gw_provider unit = {.struct_size = sizeof unit, .execution = GW_ASYNC, .scope = GW_SCOPE_REQUEST,
    .name = "unit", .type = "unit", .invoke = make_unit, .teardown = end_unit, .release_value = release_unit};
static const gw_provider app_unit = {.struct_size = sizeof app_unit, .execution = GW_ASYNC, .scope = GW_SCOPE_APP,
    .name = "app_unit", .type = "unit", .invoke = make_unit, .teardown = end_unit, .release_value = release_unit};
static const gw_provider *const providers[] = {&unit, &app_unit};

PLUGIN(handlers, .providers = providers, .provider_count = 2)
