/* Not broken: uses what the host offers beside answering, as contract 1.2 has it, from C. */
#include "broken.h"

#include <stdio.h>

BROKEN_NOTE("abi=1.2;lang=c;sdk=none;cc=test");

struct relay {
  gw_call call;
  uint32_t loop;
  uint64_t fetch;
  uint16_t status;
  size_t count;
  char body[4096];
  char trace[64];
  size_t trace_count;
};

static void on_head(void *context, uint16_t status, const gw_field_borrowed *fields, size_t count) {
  (void)fields;
  (void)count;
  ((struct relay *)context)->status = status;
}

static void on_part(void *context, gw_bytes_borrowed part) {
  struct relay *relay = context;
  size_t room = sizeof relay->body - relay->count;
  size_t taken = part.count < room ? part.count : room;
  memcpy(relay->body + relay->count, part.bytes, taken);
  relay->count += taken;
  host->resume_fetch(relay->loop, relay->fetch);
}

static void on_end(void *context, const gw_error_borrowed *error) {
  struct relay *relay = context;
  gw_response_borrowed response = {.struct_size = sizeof response, .status = error ? 502 : relay->status};
  response.body_borrowed = error ? error->type : (gw_bytes_borrowed){(uint8_t *)relay->body, relay->count};
  host->respond(relay->call, &response);
  free(relay);
}

static void ask(void *context, uint32_t is_cancelled) {
  struct relay *relay = context;
  gw_field_borrowed trace = {bytes("traceparent"), {(uint8_t *)relay->trace, relay->trace_count}};
  gw_fetch_borrowed fetch = {.struct_size = sizeof fetch,
      .loop = relay->loop,
      .upstream = bytes(is_cancelled ? "nowhere" : "back"),
      .method = bytes("GET"),
      .target = bytes("/item?a=1"),
      .fields = &trace,
      .field_count = 1,
      .context = relay,
      .head = on_head,
      .part = on_part,
      .end = on_end};
  relay->fetch = host->fetch(&fetch);
  if (relay->fetch == 0) {
    respond(relay->call, 500, "refused");
    free(relay);
  }
}

/* Logs, counts, waits a millisecond, asks the upstream, and passes its answer on. */
static void *relay(void *context, const gw_invocation *invocation) {
  (void)context;
  struct relay *relay = calloc(1, sizeof *relay);
  relay->call = invocation->call;
  relay->loop = invocation->loop;
  relay->trace_count = host->trace_parent(invocation->call, (uint8_t *)relay->trace, sizeof relay->trace);
  gw_field_borrowed facts[] = {
      {bytes("book"), bytes("7\"}\n{\"message\":\"forged\"")}, {bytes("request_id"), bytes("forged")}};
  host->log_event(&invocation->call, GW_LOG_INFO, bytes("relaying"), facts, 2);
  gw_field_borrowed label = {bytes("from"), bytes("c\"\n")};
  host->record(host->metric(GW_METRIC_COUNTER, bytes("relays_total"), &label, 1), 1);
  if (host->start_timer(relay->loop, 1000000, ask, relay) == 0) ask(relay, 1);
  return NULL;
}

static void *health(void *context, const gw_invocation *invocation) {
  (void)context;
  host->finish(invocation->call);
  return NULL;
}

static const gw_handler relays = HANDLER(GW_ASYNC, "relay", relay);
static const gw_handler *const handlers[] = {&relays};
PLUGIN(handlers, .health = health)
