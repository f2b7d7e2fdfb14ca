/* What the broken plugins share, so that each file shows its one fault and nothing else. */
#ifndef BROKEN_H
#define BROKEN_H

#include "gateway_plugin.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A note with any text. */
#define BROKEN_NOTE(text)                                                                                   \
  __attribute__((used, retain, section(GW_NOTE_SECTION), aligned(4))) static const struct {                \
    uint32_t name_size, descriptor_size, type;                                                             \
    char name[8];                                                                                          \
    char descriptor[(sizeof(text) + 3) / 4 * 4];                                                           \
  } broken_note = {8, sizeof(broken_note.descriptor), GW_NOTE_TYPE, GW_NOTE_NAME, text}

__attribute__((unused)) static const gw_host *host;

__attribute__((unused)) static gw_bytes_borrowed bytes(const char *text) {
  return (gw_bytes_borrowed){(const uint8_t *)text, strlen(text)};
}

__attribute__((unused)) static gw_completion respond(gw_call call, uint16_t status, const char *body) {
  gw_response_borrowed response = {
      .struct_size = sizeof response, .status = status, .body_borrowed = bytes(body)};
  return host->respond(call, &response);
}

/* How a completion that a test cannot see was answered. */
__attribute__((unused)) static const char *completion_name(gw_completion completion) {
  switch (completion) {
    case GW_ACCEPTED: return "accepted";
    case GW_ALREADY_COMPLETE: return "already complete";
    case GW_TOO_LATE: return "too late";
    case GW_WRONG_KIND: return "wrong kind";
    case GW_INVALID: return "invalid";
    case GW_REFUSED: return "refused";
    case GW_PAUSED: return "paused";
  }
  return "unknown";
}

__attribute__((unused)) static void *answer_hello(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, "hello");
  return NULL;
}

#define HANDLER(how, label, function) \
  {.struct_size = sizeof(gw_handler), .execution = how, .name = label, .invoke = function}

/* Ends a file: a descriptor with the handlers of `list`, an array of pointers, and the entry function. Further members
 * of gw_plugin may follow. */
#define PLUGIN(list, ...)                                   \
  static const gw_plugin plugin = {                         \
      .struct_size = sizeof(gw_plugin),                     \
      .abi_major = GW_ABI_MAJOR,                            \
      .abi_minor = GW_ABI_MINOR,                            \
      .name = "broken",                                     \
      .version = "1.0.0",                                   \
      .handlers = list,                                     \
      .handler_count = sizeof(list) / sizeof(*list),        \
      __VA_ARGS__};                                         \
  const gw_plugin *gateway_plugin_v1(const gw_host *table) { \
    host = table;                                           \
    return &plugin;                                         \
  }

#endif
