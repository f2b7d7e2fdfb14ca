/* Fault: fields that cannot be sent, or that are the host's; each handler has one. `last` answers how the host took
 * the last of them. */
#include "broken.h"

GW_PLUGIN_NOTE("c");

static _Atomic(gw_completion) result = (gw_completion)-1;

static const gw_field_borrowed *field_of(const void *context) { return context; }

static void *answer(void *context, const gw_invocation *invocation) {
  gw_response_borrowed response = {
      .struct_size = sizeof response, .status = 200, .fields_borrowed = field_of(context), .field_count = 1};
  result = host->respond(invocation->call, &response);
  return NULL;
}

static void *last(void *context, const gw_invocation *invocation) {
  (void)context;
  respond(invocation->call, 200, completion_name(result));
  return NULL;
}

#define LITERAL(text) {(const uint8_t *)text, sizeof(text) - 1}
static const gw_field_borrowed crlf = {LITERAL("x-a"), LITERAL("b\r\nset-cookie: stolen=1")};
static const gw_field_borrowed newline = {LITERAL("x-a"), LITERAL("b\nx-c: d")};
static const gw_field_borrowed nul = {LITERAL("x-a"), LITERAL("b\0c")};
static const gw_field_borrowed bad_name = {LITERAL("x a:"), LITERAL("b")};
static const gw_field_borrowed empty_name = {LITERAL(""), LITERAL("b")};
static const gw_field_borrowed length = {LITERAL("Content-Length"), LITERAL("0")};
static const gw_field_borrowed coding = {LITERAL("Transfer-Encoding"), LITERAL("chunked")};

#define FIELD(label, field)                                                                                 \
  {.struct_size = sizeof(gw_handler), .execution = GW_INLINE, .name = label, .invoke = answer,             \
   .context = (void *)(uintptr_t)&field}

static const gw_handler all[] = {
    FIELD("crlf", crlf),     FIELD("newline", newline), FIELD("nul", nul),       FIELD("bad_name", bad_name),
    FIELD("empty_name", empty_name), FIELD("length", length),   FIELD("coding", coding),
    HANDLER(GW_INLINE, "last", last),
};
static const gw_handler *const handlers[] = {&all[0], &all[1], &all[2], &all[3], &all[4], &all[5], &all[6], &all[7]};
PLUGIN(handlers)
