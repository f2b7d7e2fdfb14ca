/* gateway_plugin.h: the contract between the gateway (host) and a plugin, version 1.
 *
 * The contract is plain C in both directions, so that a plugin may be written in Swift, C, C++ or Rust, and so that
 * no type of one image ever reaches another.
 *
 * LOADING    A plugin is a shared library that exports one symbol, `gateway_plugin_v1`, and carries an ELF note
 *            (GW_NOTE_*, below). The host reads the note from the file and refuses a misfit before any code of the
 *            plugin runs. It then opens the library once, for the life of the process: it is never closed.
 *            `gateway_plugin_v1` is called once, on the start-up thread. What it returns stays valid for ever.
 *
 * VERSIONS   Same major, and the plugin's minor is not above the host's. A newer minor only adds members at the end
 *            of structures. Every structure that may grow begins with `struct_size`, set by the side that made it; a
 *            reader uses only members inside it (GW_HAS). Members added later are optional from birth.
 *
 * OWNERSHIP  is in the names. `..._borrowed`: the maker keeps it. What the host lends in an invocation stays valid and
 *            unchanged until that invocation completes. What the plugin lends in a call to the host is read before
 *            that call returns. `..._owned`: passed to the receiver, which releases it with the function named there.
 *
 * CALLS      Everything the host asks of a plugin is one invocation with one `gw_call`. It completes exactly once, by
 *            one of `respond`, `provide`, `finish`, `fail`, from any thread. A completion that comes twice, too late
 *            (deadline passed, client gone) or of the wrong kind changes nothing and returns the reason. After a
 *            deadline the invocation's memory stays valid until the plugin completes it: a plugin that never
 *            completes keeps that memory, and the host counts it.
 *            A teardown inside an exchange is never cancelled: it goes on behind the answer if it takes too long.
 *
 * LIMITS     Names are 1 to 256 bytes of UTF-8 without control characters (types: 1024), at most 4096 handlers and 4096
 *            providers with at most 256 needs each, schemas at most 1 MiB. Pointers are aligned for their type. `cancel`
 *            and `release_token` come both or not at all.
 *
 * THREADS    GW_INLINE and GW_ASYNC functions are called on the event loop of the request's connection and must not
 *            block it. GW_INLINE completes before it returns; GW_ASYNC may complete later. GW_BLOCKING functions are
 *            called on the host's thread pool, may block, and complete before they return. Calls overlap: any function
 *            may be running on several threads at once. Functions of `gw_host` may be called from any thread.
 */
#ifndef GATEWAY_PLUGIN_H
#define GATEWAY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"
#pragma clang assume_nonnull begin
#define GW_NULLABLE _Nullable
#else
#define GW_NULLABLE
#endif

#define GW_ABI_MAJOR 1
#define GW_ABI_MINOR 0

/* The one exported symbol. */
#define GW_ENTRY_SYMBOL "gateway_plugin_v1"

/* The ELF note: section `.note.gateway`, name "Gateway", type 1, descriptor is NUL-padded text of `key=value` pairs
 * joined by `;`: abi (major.minor), lang (swift, c, ...), sdk (version), cc (compiler; Swift plugins must have been
 * built by the host's own compiler, other languages only need the same abi). Unknown keys are ignored. */
#define GW_NOTE_SECTION ".note.gateway"
#define GW_NOTE_NAME "Gateway"
#define GW_NOTE_TYPE 1

/* Whether a structure received from the other side is new enough to have that member. */
#define GW_HAS(pointer, member) \
  ((pointer)->struct_size >= offsetof(__typeof__(*(pointer)), member) + sizeof((pointer)->member))

/* Bytes, not necessarily text, not NUL-terminated. `bytes` is NULL only where `count` is 0. */
typedef struct gw_bytes_borrowed {
  const uint8_t *GW_NULLABLE bytes;
  size_t count;
} gw_bytes_borrowed;

/* One header field. Names of received fields are as the client wrote them: compare without letter case. */
typedef struct gw_field_borrowed {
  gw_bytes_borrowed name;
  gw_bytes_borrowed value;
} gw_field_borrowed;

/* What a declared parameter was validated as. */
typedef enum gw_parameter_kind {
  GW_PARAMETER_ABSENT = 0,  /* not sent, and without a default */
  GW_PARAMETER_TEXT = 1,    /* `text` */
  GW_PARAMETER_INTEGER = 2, /* `integer`; `text` as sent */
  GW_PARAMETER_NUMBER = 3,  /* `number`; `text` as sent */
  GW_PARAMETER_BOOLEAN = 4, /* `integer` is 0 or 1; `text` as sent */
  GW_PARAMETER_JSON = 5     /* `text` is JSON: lists and objects */
} gw_parameter_kind;

typedef enum gw_parameter_location {
  GW_IN_PATH = 0,
  GW_IN_QUERY = 1,
  GW_IN_HEADER = 2,
  GW_IN_COOKIE = 3
} gw_parameter_location;

/* One parameter of the route: every name in the path's pattern, and every one the configuration declares. */
typedef struct gw_parameter_borrowed {
  gw_bytes_borrowed name;
  gw_bytes_borrowed text; /* percent-decoded */
  int64_t integer;
  double number;
  uint32_t kind;     /* gw_parameter_kind */
  uint32_t location; /* gw_parameter_location */
} gw_parameter_borrowed;

/* A request. The body is whole, and valid where the route declares a schema for it. */
typedef struct gw_request {
  uint32_t struct_size;
  uint32_t flags; /* GW_REQUEST_... */
  gw_bytes_borrowed method;
  gw_bytes_borrowed path;  /* normalised, percent-encoded */
  gw_bytes_borrowed query; /* without `?`, as received */
  gw_bytes_borrowed body;
  gw_bytes_borrowed request_id; /* may be empty */
  gw_bytes_borrowed client;     /* address text, may be empty */
  const gw_field_borrowed *GW_NULLABLE fields;
  size_t field_count;
  const gw_parameter_borrowed *GW_NULLABLE parameters;
  size_t parameter_count;
} gw_request;

#define GW_REQUEST_TLS 1u

/* Handle of one invocation: copy it freely, complete it once. Both members are the host's. */
typedef struct gw_call {
  void *slot;
  uint64_t generation;
} gw_call;

/* How the part of the exchange that a teardown belongs to has ended. */
typedef enum gw_outcome {
  GW_SUCCEEDED = 0,
  GW_FAILED = 1,   /* an error, or a status of 500 and above */
  GW_CANCELLED = 2 /* client gone, deadline passed, or shutdown */
} gw_outcome;

/* What the host lends for one invocation. */
typedef struct gw_invocation {
  uint32_t struct_size;
  uint32_t loop; /* index of the event loop that this belongs to */
  gw_call call;
  const gw_request *GW_NULLABLE request;                         /* NULL outside an exchange */
  void *GW_NULLABLE const *GW_NULLABLE dependencies_borrowed;    /* one value per entry of `needs`, in that order */
  size_t dependency_count;
  gw_bytes_borrowed config; /* JSON: of the dependency (providers) or of the plugin (start); else empty */
  void *GW_NULLABLE value_borrowed; /* teardown: what `provide` gave */
  uint32_t outcome;                 /* teardown: gw_outcome */
  uint32_t reserved;
} gw_invocation;

/* A plugin function. Returns a token by which the host may cancel it while it is pending (see gw_plugin.cancel), or
 * NULL. The token is passed to the host, which gives it back to `release_token` once the invocation has completed. */
typedef void *GW_NULLABLE (*gw_function)(void *GW_NULLABLE context, const gw_invocation *invocation_borrowed);

typedef enum gw_execution {
  GW_INLINE = 0,   /* on the loop, completes before it returns */
  GW_ASYNC = 1,    /* on the loop, may complete later */
  GW_BLOCKING = 2  /* on the thread pool, completes before it returns */
} gw_execution;

typedef enum gw_scope {
  GW_SCOPE_APP = 0,     /* made at start, torn down at shutdown */
  GW_SCOPE_REQUEST = 1, /* made for an exchange, torn down after its response was sent */
  GW_SCOPE_HANDLER = 2  /* made for an exchange, torn down before its response head is sent: a failing teardown is
                           still able to become the response */
} gw_scope;

/* An input by name. `type` names the value's type; provider and consumer must agree on it to the letter. */
typedef struct gw_need {
  const char *name;
  const char *type;
} gw_need;

typedef struct gw_handler {
  uint32_t struct_size;
  uint32_t execution; /* gw_execution */
  const char *name;
  gw_function invoke; /* completes with `respond` or `fail` */
  void *GW_NULLABLE context;
  const gw_need *GW_NULLABLE needs;
  size_t need_count;
} gw_handler;

typedef struct gw_provider {
  uint32_t struct_size;
  uint32_t execution; /* gw_execution, of `invoke` and `teardown` */
  uint32_t scope;     /* gw_scope: the default, configuration may set another */
  uint32_t reserved;
  const char *name;
  const char *type;
  gw_function invoke; /* completes with `provide`, `respond` (ends the exchange with that answer) or `fail` */
  gw_function GW_NULLABLE teardown; /* completes with `finish` or `fail` */
  void (*release_value)(void *value_owned); /* called once per provided value, after its teardown */
  void *GW_NULLABLE context;
  const gw_need *GW_NULLABLE needs;
  size_t need_count;
  gw_bytes_borrowed config_schema; /* JSON Schema of `config`, or empty: then any config is refused */
} gw_provider;

/* What a plugin is. */
typedef struct gw_plugin {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char *name;
  const char *version;
  const gw_handler *GW_NULLABLE const *GW_NULLABLE handlers;
  size_t handler_count;
  const gw_provider *GW_NULLABLE const *GW_NULLABLE providers;
  size_t provider_count;
  gw_bytes_borrowed config_schema;  /* JSON Schema of the plugin's `config`, or empty: then any config is refused */
  gw_function GW_NULLABLE start;    /* completes with `finish` or `fail`; before the first request. Runs as GW_ASYNC */
  gw_function GW_NULLABLE stop;     /* completes with `finish` or `fail`; after the last exchange. Runs as GW_ASYNC */
  void *GW_NULLABLE context;        /* of start and stop */
  void (*GW_NULLABLE cancel)(void *token_borrowed);       /* asks a pending invocation to end soon; it still completes */
  void (*GW_NULLABLE release_token)(void *token_owned);
} gw_plugin;

/* An answer. `content-length`, `date`, `connection` and `transfer-encoding` are the host's: fields of these names are refused. */
typedef struct gw_response_borrowed {
  uint32_t struct_size;
  uint16_t status; /* 200 to 599 */
  uint16_t flags;
  const gw_field_borrowed *GW_NULLABLE fields_borrowed;
  size_t field_count;
  gw_bytes_borrowed body_borrowed;
} gw_response_borrowed;

/* A failure. With a status, the client gets it: `{"detail": detail}`. With status 0 the client gets a 500 without
 * internals, and `type` and `description` go to the log. */
typedef struct gw_error_borrowed {
  uint32_t struct_size;
  uint16_t status; /* 400 to 599, or 0 */
  uint16_t flags;
  gw_bytes_borrowed detail_json; /* JSON, or empty for the standard phrase */
  const gw_field_borrowed *GW_NULLABLE fields_borrowed;
  size_t field_count;
  gw_bytes_borrowed type;
  gw_bytes_borrowed description;
} gw_error_borrowed;

/* What became of a completion. */
typedef enum gw_completion {
  GW_ACCEPTED = 0,
  GW_ALREADY_COMPLETE = 1, /* twice */
  GW_TOO_LATE = 2,         /* the exchange was answered without it: deadline passed or client gone */
  GW_WRONG_KIND = 3,       /* such as `respond` of a teardown; the invocation fails */
  GW_INVALID = 4           /* a status, field name or value that cannot be sent; the invocation fails */
} gw_completion;

typedef enum gw_log_level { GW_LOG_DEBUG = 0, GW_LOG_INFO = 1, GW_LOG_WARNING = 2, GW_LOG_ERROR = 3 } gw_log_level;

/* What the host offers. Valid for the life of the process. */
typedef struct gw_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t loop_count;
  uint32_t reserved;
  gw_completion (*respond)(gw_call call, const gw_response_borrowed *response);
  /* The value is the host's on GW_ACCEPTED and GW_TOO_LATE, which tears it down and gives it to the provider's
   * release_value; on any other answer it is still the plugin's. */
  gw_completion (*provide)(gw_call call, void *value_owned);
  gw_completion (*finish)(gw_call call);
  gw_completion (*fail)(gw_call call, const gw_error_borrowed *error);
  /* Runs `run(job, executor)` once, soon, on that event loop. */
  void (*enqueue)(uint32_t loop, void *job, void (*run)(void *job, void *executor), void *executor);
  /* Index of the event loop that the calling thread is, or UINT32_MAX. */
  uint32_t (*current_loop)(void);
  void (*log)(uint32_t level, gw_bytes_borrowed message);
} gw_host;

typedef const gw_plugin *GW_NULLABLE (*gw_entry)(const gw_host *host);

/* What a plugin defines. Returns NULL only to refuse: the gateway then does not start. */
__attribute__((visibility("default"))) const gw_plugin *GW_NULLABLE gateway_plugin_v1(const gw_host *host);

/* Emits the ELF note of a plugin that is not written in Swift (the Swift SDK brings its own). Use it once, at file
 * level of one source file: GW_PLUGIN_NOTE("c") */
#define GW_STRINGIFY_(x) #x
#define GW_STRINGIFY(x) GW_STRINGIFY_(x)
#define GW_NOTE_TEXT(lang, sdk) \
  "abi=" GW_STRINGIFY(GW_ABI_MAJOR) "." GW_STRINGIFY(GW_ABI_MINOR) ";lang=" lang ";sdk=" sdk ";cc=" __VERSION__
#define GW_NOTE(lang, sdk)                                                                               \
  __attribute__((used, retain, section(GW_NOTE_SECTION), aligned(4))) static const struct {             \
    uint32_t name_size, descriptor_size, type;                                                          \
    char name[8];                                                                                       \
    char descriptor[(sizeof(GW_NOTE_TEXT(lang, sdk)) + 3) / 4 * 4];                                      \
  } gw_note = {8, sizeof(gw_note.descriptor), GW_NOTE_TYPE, GW_NOTE_NAME, GW_NOTE_TEXT(lang, sdk)}
#define GW_PLUGIN_NOTE(lang) GW_NOTE(lang, "none")

#if defined(__clang__)
#pragma clang assume_nonnull end
#pragma clang diagnostic pop
#endif

#ifdef __cplusplus
}
#endif

#endif
