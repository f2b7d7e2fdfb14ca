/* A plugin in C and nothing else: a guest book in memory.
 *
 *   book   an app-scope dependency: the book itself. `config: { limit: 100 }` says how many names it holds
 *   sign   writes the parameter `name` into the book, and answers how often that guest has come
 *   guests answers all names as a JSON array, in parts, no faster than the client takes them
 */
#include "gateway_plugin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

GW_PLUGIN_NOTE("c");

static const gw_host *host;

static gw_bytes_borrowed text(const char *text) { return (gw_bytes_borrowed){(const uint8_t *)text, strlen(text)}; }

/* ---- answers --------------------------------------------------------------------------------------------------- */

/* Everything that a response lends is read before the host's function returns, so it may live on the stack. */
static gw_response_borrowed json_head(uint16_t status, const gw_field_borrowed *type) {
  return (gw_response_borrowed){
    .struct_size = sizeof(gw_response_borrowed), .status = status, .fields_borrowed = type, .field_count = 1};
}

static gw_field_borrowed json_type(void) { return (gw_field_borrowed){text("content-type"), text("application/json")}; }

static void answer(gw_call call, uint16_t status, gw_bytes_borrowed body) {
  gw_field_borrowed type = json_type();
  gw_response_borrowed response = json_head(status, &type);
  response.body_borrowed = body;
  host->respond(call, &response);
}

/* With a status, the client gets `detail`; with 0 it gets a 500 and the log gets the description. */
static void fail(gw_call call, uint16_t status, const char *detail_json, const char *description) {
  gw_error_borrowed error = {
    .struct_size = sizeof error,
    .status = status,
    .detail_json = text(detail_json),
    .type = text("GuestbookError"),
    .description = text(description),
  };
  host->fail(call, &error);
}

/* ---- the book -------------------------------------------------------------------------------------------------- */

typedef struct guest {
  struct guest *next; /* in the order in which they came, the last one first */
  size_t visits;
  size_t length;
  char name[]; /* as a JSON string, with its quotes */
} guest;

/* Calls overlap: functions may run on several event loops at once. Nothing waits while it holds the lock. */
typedef struct book {
  pthread_mutex_t lock;
  guest *last;
  size_t count, limit;
} book;

/* RFC 8259, section 7. `to` holds 6 bytes for each of `name` and 2 more. */
static size_t quote(gw_bytes_borrowed name, char *to) {
  size_t length = 0;
  to[length++] = '"';
  for (size_t i = 0; i < name.count; i++) {
    uint8_t byte = name.bytes[i];
    if (byte == '"' || byte == '\\') {
      to[length++] = '\\';
      to[length++] = (char)byte;
    } else if (byte < 0x20) {
      static const char digits[] = "0123456789abcdef";
      memcpy(to + length, "\\u00", 4);
      to[length + 4] = digits[byte >> 4];
      to[length + 5] = digits[byte & 15];
      length += 6;
    } else {
      to[length++] = (char)byte;
    }
  }
  to[length++] = '"';
  return length;
}

/* How often that guest has come, 0 where the book is full or memory is. */
static size_t sign_book(book *book, const char *name, size_t length) {
  size_t visits = 0;
  pthread_mutex_lock(&book->lock);
  guest *found = book->last;
  while (found != NULL && !(found->length == length && memcmp(found->name, name, length) == 0)) found = found->next;
  if (found != NULL) {
    visits = ++found->visits;
  } else if (book->count < book->limit && (found = malloc(sizeof *found + length)) != NULL) {
    found->next = book->last;
    found->visits = visits = 1;
    found->length = length;
    memcpy(found->name, name, length);
    book->last = found;
    book->count++;
  }
  pthread_mutex_unlock(&book->lock);
  return visits;
}

/* A member of the configuration, which the host has checked against `config_schema` and given its defaults. */
static int64_t whole_number(const gw_json_borrowed *json, const char *name, int64_t otherwise) {
  for (size_t at = 1; at + 1 < json->node_count; at += 2) {
    const gw_json_node *member = &json->nodes[at], *value = &json->nodes[at + 1];
    size_t length = (uint32_t)member->payload;
    if (length == strlen(name) && memcmp(json->bytes + member->offset, name, length) == 0 && (value->head & 8) &&
        (value->head >> 8 & 31) == 0)
      return (int64_t)value->payload;
  }
  return otherwise;
}

static void *open_book(void *context, const gw_invocation *invocation) {
  (void)context;
  book *book = calloc(1, sizeof *book);
  if (book == NULL || pthread_mutex_init(&book->lock, NULL) != 0) {
    free(book);
    fail(invocation->call, 0, "", "no memory for the book");
    return NULL;
  }
  book->limit = (size_t)whole_number(&invocation->config_value, "limit", 1000);
  gw_completion taken = host->provide(invocation->call, book);
  /* On any other answer it is still this function's. */
  if (taken != GW_ACCEPTED && taken != GW_TOO_LATE) free(book);
  return NULL;
}

/* After the last exchange. */
static void release_book(void *owned) {
  book *book = owned;
  for (guest *next, *guest = book->last; guest != NULL; guest = next) {
    next = guest->next;
    free(guest);
  }
  pthread_mutex_destroy(&book->lock);
  free(book);
}

/* ---- handlers -------------------------------------------------------------------------------------------------- */

/* GW_INLINE: on the event loop, complete before it returns. */
static void *sign(void *context, const gw_invocation *invocation) {
  (void)context;
  book *book = invocation->dependencies_borrowed[0];
  gw_bytes_borrowed name = {NULL, 0};
  for (size_t i = 0; i < invocation->request->parameter_count; i++) {
    const gw_parameter_borrowed *parameter = &invocation->request->parameters[i];
    if (parameter->name.count == 4 && memcmp(parameter->name.bytes, "name", 4) == 0) name = parameter->text;
  }
  /* The declaration below says so too; a route that does not repeat it is no reason to read past a buffer. */
  if (name.count == 0 || name.count > 100) {
    fail(invocation->call, 422, "\"a name has 1 to 100 bytes\"", "");
    return NULL;
  }
  char quoted[6 * 100 + 2], body[sizeof quoted + 64];
  size_t length = quote(name, quoted);
  size_t visits = sign_book(book, quoted, length);
  if (visits == 0) {
    fail(invocation->call, 507, "\"the book is full\"", "");
    return NULL;
  }
  int size = snprintf(body, sizeof body, "{\"name\":%.*s,\"visits\":%zu}", (int)length, quoted, visits);
  answer(invocation->call, visits == 1 ? 201 : 200, (gw_bytes_borrowed){(uint8_t *)body, (size_t)size});
  return NULL;
}

/* An answer in parts, under way. Guests are only ever added in front, and stay until the book is released, which is after the
 * exchange: so the list can be followed without the lock. */
typedef struct listing {
  gw_call call;
  uint32_t loop;
  const guest *next;
  int is_first;
  int is_ended;
} listing;

static void free_listing(void *job, void *unused) {
  (void)unused;
  free(job);
}

/* Writes until the host says GW_PAUSED; it calls again when the client has taken enough. All calls come on one loop. */
static void write_on(void *context) {
  listing *listing = context;
  while (!listing->is_ended && listing->next != NULL) {
    char part[6 * 100 + 3];
    size_t length = 0;
    part[length++] = listing->is_first ? '[' : ',';
    memcpy(part + length, listing->next->name, listing->next->length);
    length += listing->next->length;
    listing->is_first = 0;
    listing->next = listing->next->next;
    gw_completion taken = host->write(listing->call, (gw_bytes_borrowed){(uint8_t *)part, length});
    if (taken == GW_PAUSED) return;
    if (taken != GW_ACCEPTED) break; /* nobody takes it any more; the invocation still has to end */
  }
  if (listing->is_ended) return;
  listing->is_ended = 1;
  if (listing->next == NULL) host->write(listing->call, text(listing->is_first ? "[]" : "]"));
  host->end_response(listing->call);
  /* A `resume` may be on its way: the memory goes when the loop comes to it, behind that one. */
  host->enqueue(listing->loop, listing, free_listing, listing);
}

/* GW_ASYNC: on the event loop, may complete later. */
static void *guests(void *context, const gw_invocation *invocation) {
  (void)context;
  book *book = invocation->dependencies_borrowed[0];
  listing *listing = malloc(sizeof *listing);
  if (listing == NULL) {
    fail(invocation->call, 0, "", "no memory for an answer");
    return NULL;
  }
  pthread_mutex_lock(&book->lock);
  const guest *last = book->last;
  pthread_mutex_unlock(&book->lock);
  *listing = (struct listing){.call = invocation->call, .loop = invocation->loop, .next = last, .is_first = 1};
  gw_field_borrowed type = json_type();
  gw_response_borrowed head = json_head(200, &type);
  gw_completion begun = host->start_response(invocation->call, &head, write_on, listing);
  if (begun == GW_ACCEPTED) {
    write_on(listing);
  } else if (begun != GW_PAUSED) {
    free(listing);
  }
  return NULL;
}

/* ---- what the plugin is ---------------------------------------------------------------------------------------- */

#define JSON(string) {(const uint8_t *)(string), sizeof(string) - 1}

static const gw_need needs[] = {{"book", "guestbook.Book"}};

static const gw_handler sign_handler = {
  .struct_size = sizeof(gw_handler),
  .execution = GW_INLINE,
  .name = "sign",
  .invoke = sign,
  .needs = needs,
  .need_count = 1,
  .declaration = JSON(
    "{\"summary\":\"Signs the book.\","
    "\"parameters\":{\"name\":{\"in\":\"path\",\"type\":\"string\",\"minLength\":1,\"maxLength\":25}},"
    "\"responses\":{\"201\":{\"description\":\"For the first time.\",\"schema\":{\"$ref\":\"#/schemas/Visit\"}},"
    "\"200\":{\"description\":\"Again.\",\"schema\":{\"$ref\":\"#/schemas/Visit\"}}}}"),
};
static const gw_handler guests_handler = {
  .struct_size = sizeof(gw_handler),
  .execution = GW_ASYNC,
  .name = "guests",
  .invoke = guests,
  .needs = needs,
  .need_count = 1,
  .declaration = JSON(
    "{\"summary\":\"All guests, the last one first.\","
    "\"responses\":{\"200\":{\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}"),
};
static const gw_handler *const handlers[] = {&sign_handler, &guests_handler};

static const gw_provider book_provider = {
  .struct_size = sizeof(gw_provider),
  .execution = GW_INLINE,
  .scope = GW_SCOPE_APP,
  .name = "book",
  .type = "guestbook.Book",
  .invoke = open_book,
  .release_value = release_book,
  .config_schema = JSON(
    "{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100000,\"default\":1000}}}"),
};
static const gw_provider *const providers[] = {&book_provider};

static const gw_plugin plugin = {
  .struct_size = sizeof(gw_plugin),
  .abi_major = GW_ABI_MAJOR,
  .abi_minor = GW_ABI_MINOR,
  .name = "guestbook",
  .version = "1.0.0",
  .handlers = handlers,
  .handler_count = 2,
  .providers = providers,
  .provider_count = 1,
  .schemas = JSON(
    "{\"Visit\":{\"type\":\"object\",\"required\":[\"name\",\"visits\"],"
    "\"properties\":{\"name\":{\"type\":\"string\"},\"visits\":{\"type\":\"integer\",\"minimum\":1}}}}"),
};

const gw_plugin *gateway_plugin_v1(const gw_host *gateway) {
  host = gateway;
  return &plugin;
}
