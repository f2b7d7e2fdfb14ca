/* gateway_plugin.h: the contract between the gateway (host) and a plugin, version 1.2.
 *
 * The contract is plain C in both directions, so that a plugin may be written in Swift, C, C++ or Rust, and so that
 * no type of one image ever reaches another. This file is all that a plugin in C needs: copy it. It compiles as C11 and as
 * C++17. A guide with examples for each language is docs/contract.md.
 *
 * CONTENTS   rules (this comment); what is lent: bytes, fields, JSON, files, parameters, requests, invocations; what a
 *            plugin defines: handlers, providers, policies, the plugin; what it gives back: responses, errors, changes, tasks,
 *            metrics, fetches; what the host offers (gw_host); the entry function; the note.
 *
 * WHO COMPLETES WITH WHAT
 *
 *            function               completes with                                            value_borrowed
 *            gw_handler.invoke      respond, respond_file, end_response, fail
 *            gw_provider.invoke     provide, respond, fail
 *            gw_provider.teardown   finish, fail                                              what provide gave
 *            gw_policy.make         provide, fail
 *            gw_policy.request      proceed, respond, respond_file, fail
 *            gw_policy.response     proceed, respond, fail                                    the state
 *            gw_policy.*_part       pass_part, fail                                           the state
 *            gw_plugin.start, stop  finish, fail
 *            gw_plugin.health       finish, fail
 *            gw_task.invoke         finish, fail
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
 *            one of `respond`, `respond_file`, `end_response`, `provide`, `proceed`, `pass_part`, `finish`, `fail`, from any
 *            thread. A completion that comes twice, too late
 *            (deadline passed, client gone) or of the wrong kind changes nothing and returns the reason. After a
 *            deadline the invocation's memory stays valid until the plugin completes it: a plugin that never
 *            completes keeps that memory, and the host counts it.
 *            A teardown inside an exchange is never cancelled: it goes on behind the answer if it takes too long.
 *            The host may call functions of the plugin inside a completion, that of the next invocation too: hold no lock
 *            around one that they take.
 *
 * LIMITS     Names are 1 to 256 bytes of UTF-8 without control characters (types: 1024), at most 4096 handlers and 4096
 *            providers with at most 256 needs each, schemas at most 1 MiB. Pointers are aligned for their type. `cancel`
 *            and `release_token` come both or not at all.
 *
 * STREAMS    `start_response`, any number of `write`s, `end_response` answer in parts. A write that returns GW_PAUSED was
 *            taken, and the plugin waits for `resume` before the next one. `fail` in the middle breaks the connection off
 *            where the client can see it, because the status is out already.
 *
 * VALUES     Within one plugin a provided value is whatever its provider and its consumers say it is. To another plugin it
 *            never goes as that, but as one of two views that the provider offers (`provides` of its declaration):
 *            JSON, checked against a schema, or a table of C functions (`gw_service`). A need whose type is
 *            `json:NAME@MAJOR.MINOR` gets `const gw_json_borrowed *` as its value, one of type
 *            `service:NAME@MAJOR.MINOR` gets `const gw_service *`.
 *
 * THREADS    GW_INLINE and GW_ASYNC functions are called on the event loop of the request's connection and must not
 *            block it. GW_INLINE completes before it returns; GW_ASYNC may complete later. GW_BLOCKING functions are
 *            called on the host's thread pool, may block, and complete before they return. Calls overlap: any function
 *            may be running on several threads at once. Functions of `gw_host` may be called from any thread.
 *
 * LANGUAGES  C++: no exception may leave a function that the host calls, and none of the host's throws. Members of a structure
 *            are in the order in which C++20's designated initializers want them. Rust: structures are `#[repr(C)]`, functions
 *            `extern "C"`; pointers that may be NULL (GW_NULLABLE) are `Option<extern "C" fn ...>`; a panic is caught before
 *            it leaves, and fails the invocation. Every language: build with hidden visibility, so that the entry function
 *            is all that is exported, and the libraries of two plugins cannot meet.
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
#define GW_ABI_MINOR 2

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

/* One word of a parsed JSON value. Values follow each other in document order; a container is followed by what it holds,
 * an object's members alternating name (a string) and value.
 *
 *     head     bits 0-2  kind: 0 null, 1 false, 2 true, 3 number, 4 string, 5 array, 6 object
 *              bit 3     string: the text holds escapes (RFC 8259 section 7). number: it is `payload / 10^scale` exactly
 *              bit 4     string: the text holds bytes above 0x7F. number: written without fraction and exponent
 *              bit 5     member name: a later member has the same name and counts instead; skip this one
 *              bits 8-   container: number of items or members, 0xFFFFFF for as many or more. number with bit 3 set:
 *                        bits 8-12 scale, bits 13-31 bytes of the text
 *     offset   first byte of the text in `bytes`; of a string, the one after the opening quote
 *     payload  number with bit 3: a signed integer. string: low half, bytes of the text without quotes. other number:
 *              low half, bytes of the text. container: high half, index of the word after everything it holds */
typedef struct gw_json_node {
  uint32_t head;
  uint32_t offset;
  uint64_t payload;
} gw_json_node;

/* A JSON value that was parsed and validated; `nodes[0]` is the root. Without nodes there is no value. */
typedef struct gw_json_borrowed {
  const gw_json_node *GW_NULLABLE nodes;
  size_t node_count;
  const uint8_t *GW_NULLABLE bytes;
} gw_json_borrowed;

/* A file of a multipart form. */
typedef struct gw_file_borrowed {
  uint32_t struct_size;
  uint32_t reserved;
  gw_bytes_borrowed name;         /* of the form's field */
  gw_bytes_borrowed filename;     /* as the client wrote it: never a path to trust */
  gw_bytes_borrowed content_type; /* may be empty */
  uint64_t size;
  gw_bytes_borrowed bytes;        /* the content, where it was small enough to stay in memory */
  gw_bytes_borrowed path;         /* else the file it was written to, removed when the exchange ends; NUL follows */
} gw_file_borrowed;

/* What a declared parameter was validated as. */
typedef enum gw_parameter_kind {
  GW_PARAMETER_ABSENT = 0,  /* not sent, and without a default */
  GW_PARAMETER_TEXT = 1,    /* `text` */
  GW_PARAMETER_INTEGER = 2, /* `integer`; `text` as sent */
  GW_PARAMETER_NUMBER = 3,  /* `number`; `text` as sent */
  GW_PARAMETER_BOOLEAN = 4, /* `integer` is 0 or 1; `text` as sent */
  GW_PARAMETER_JSON = 5     /* the value is in `gw_request.parameter_values`, at the same index; `text` is its JSON */
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
  /* since 1.1 */
  gw_json_borrowed body_value; /* the body validated against the route's schema, with coercions and defaults applied; a
                                  form is an object of its fields. No nodes where the route declares no schema */
  const gw_json_borrowed *GW_NULLABLE parameter_values; /* NULL, or one per parameter */
  const gw_file_borrowed *GW_NULLABLE const *GW_NULLABLE files; /* of a multipart form, in the order sent */
  size_t file_count;
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
  gw_bytes_borrowed config; /* JSON: of the dependency (providers), of the policy or of the plugin (start); else empty */
  void *GW_NULLABLE value_borrowed; /* teardown: what `provide` gave; a policy: what its `proceed` gave */
  uint32_t outcome;                 /* teardown: gw_outcome */
  uint32_t reserved;
  /* since 1.1 */
  gw_json_borrowed config_value; /* `config`, parsed, with the schema's defaults */
  /* since 1.2 */
  const struct gw_error_borrowed *GW_NULLABLE error;       /* error handlers: what to answer for. Teardowns: what went wrong,
                                                              where outcome is not GW_SUCCEEDED and it is known */
  const struct gw_response_borrowed *GW_NULLABLE response; /* a policy's `response`: the answer as it is now */
  gw_bytes_borrowed part;                                  /* a policy's `request_part` and `response_part` */
  uint32_t part_flags;                                     /* GW_PART_LAST: nothing follows; `part` may be empty */
  uint32_t scope_count;
  const gw_bytes_borrowed *GW_NULLABLE scopes; /* security providers: what the routes ask for, outermost first */
} gw_invocation;

#define GW_PART_LAST 1u

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
  /* since 1.1 */
  /* What the handler takes and gives, as a JSON object with the keys that a route of gateway.yaml has: `summary`,
   * `description`, `tags`, `deprecated`, `parameters`, `body`, `responses`. `$ref: "#/schemas/Name"` leads into
   * `gw_plugin.schemas`. Empty: nothing is known, the route's own declarations stand alone. */
  gw_bytes_borrowed declaration;
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
  /* since 1.1 */
  /* As for a handler: parameters of its own; `security`: {name: scheme}, with a scheme as in OpenAPI; `provides`: views for other
   * plugins, [{"json": NAME, "version": "MAJOR.MINOR", "schema": SCHEMA}, {"service": NAME, "version": "MAJOR.MINOR"}]. A `json` one
   * may name as `decoder` a provider of the same plugin and type whose config is such JSON: it makes the value where an override gives
   * JSON;
   * `requires` (handlers too): {input: {"schema": SCHEMA}} for each need of type `json:`. */
  gw_bytes_borrowed declaration;
  /* since 1.2 */
  uint32_t flags; /* GW_PROVIDER_... */
  uint32_t reserved_2;
  /* Writes a value as JSON, in any number of parts; 0 when it could. Called at most once for each value, on the
   * thread that the value was provided to or on its event loop, and only where another plugin needs it. The value may be one of another
   * provider of the plugin with the same type, which stands in for this one. */
  int32_t (*GW_NULLABLE value_json)(void *value_borrowed, void *sink, void (*write)(void *sink, gw_bytes_borrowed part));
  /* The value's table of functions; NULL where it has none. It stays valid until the value is released. Called when and where
   * `value_json` would be. */
  const struct gw_service *GW_NULLABLE (*GW_NULLABLE value_service)(void *value_borrowed);
} gw_provider;

/* Runs before the body is read and before the route's other dependencies: a client that may not come costs no upload. Its
 * request has no body, and only the parameters that it declares itself. */
#define GW_PROVIDER_SECURITY 1u

/* A table of functions that one plugin offers to others. `functions` is laid out as the name of the service and its major
 * version say; a newer minor only appends to it. Functions may be called from any thread, several at once. */
typedef struct gw_service {
  uint32_t struct_size;
  uint16_t major;
  uint16_t minor;
  void *GW_NULLABLE context; /* first argument of every function */
  void (*GW_NULLABLE retain)(void *GW_NULLABLE context);
  void (*GW_NULLABLE release)(void *GW_NULLABLE context); /* a consumer that keeps it longer than its invocation retains it */
  const void *functions;
} gw_service;

typedef enum gw_body_mode {
  GW_BODY_NONE = 0,     /* the policy does not look at the body */
  GW_BODY_BUFFERED = 1, /* it is called with all of it, before any of it goes on */
  GW_BODY_PARTS = 2     /* its part function is called with each part; the next one comes when that has completed */
} gw_body_mode;

/* A policy: around everything that stands behind it in the order of the configuration. */
typedef struct gw_policy {
  uint32_t struct_size;
  uint32_t execution; /* gw_execution, of all its functions */
  const char *name;
  void *GW_NULLABLE context;
  gw_bytes_borrowed config_schema; /* JSON Schema of `config`, or empty: then any config is refused */
  uint32_t request_body;           /* gw_body_mode */
  uint32_t response_body;          /* gw_body_mode */
  /* Completes with `proceed` (the request goes on), `respond`, `respond_file` or `fail`. The request's body is there with
   * GW_BODY_BUFFERED only. NULL: the request goes on. */
  gw_function GW_NULLABLE request;
  /* `response` is the answer, its body there with GW_BODY_BUFFERED only; `value_borrowed` is the state. Completes with `proceed`
   * (the answer goes on, with the changes; a state that is not NULL takes the place of the first), `respond` or `fail`. NULL: the
   * answer goes on. */
  gw_function GW_NULLABLE response;
  gw_function GW_NULLABLE request_part;  /* with GW_BODY_PARTS; completes with `pass_part` or `fail` */
  gw_function GW_NULLABLE response_part; /* with GW_BODY_PARTS; completes with `pass_part` or `fail` */
  /* Called once for each state that is not NULL, after the last function that gets it, or when the exchange ended without. */
  void (*GW_NULLABLE release_state)(void *state_owned);
  /* NULL, or called once for each place where the configuration uses the policy, before the first request: makes what is
   * passed as `dependencies_borrowed[0]` to all functions there. Completes with `provide` or `fail`. Runs as GW_ASYNC. */
  gw_function GW_NULLABLE make;
  void (*GW_NULLABLE release_value)(void *value_owned); /* once for what `make` gave, after the last exchange */
} gw_policy;

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
  /* since 1.1 */
  gw_bytes_borrowed schemas; /* JSON object of named schemas that declarations refer to; names are the plugin's own */
  /* since 1.2 */
  const gw_policy *GW_NULLABLE const *GW_NULLABLE policies;
  size_t policy_count;
  /* Handlers that answer for errors of the gateway itself (404, 422, 502, ...), where the configuration asks them to. They are
   * invoked with `gw_invocation.error`; one that fails leaves the error as it was. */
  const gw_handler *GW_NULLABLE const *GW_NULLABLE error_handlers;
  size_t error_handler_count;
  gw_function GW_NULLABLE health; /* completes with `finish` or, where the plugin cannot serve, with `fail`; asked every few
                                     seconds, never twice at once. Runs as GW_ASYNC */
} gw_plugin;

/* An answer. `content-length`, `date`, `connection` and `transfer-encoding` are the host's: fields of these names are refused. */
typedef struct gw_response_borrowed {
  uint32_t struct_size;
  uint16_t status; /* 200 to 599 */
  uint16_t flags;
  const gw_field_borrowed *GW_NULLABLE fields_borrowed;
  size_t field_count;
  gw_bytes_borrowed body_borrowed;
  /* since 1.2 */
  /* `respond` only: the error that this answers for. The client gets the answer, but the exchange has failed: teardowns see
   * GW_FAILED and the error, and background tasks are dropped. */
  const struct gw_error_borrowed *GW_NULLABLE error;
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
  /* since 1.2 */
  /* The plugin's own object for the error, or NULL. Passed to the host by every `fail` and `respond`, whatever it returns, and
   * given to `release_cause` once. It is lent on with the error to teardowns and error handlers: one whose own function
   * `release_cause` is knows what it is, anybody else must leave it alone. */
  void *GW_NULLABLE cause_owned;
  void (*GW_NULLABLE release_cause)(void *cause_owned);
} gw_error_borrowed;

/* What a policy changes in a request or an answer. */
typedef struct gw_changes_borrowed {
  uint32_t struct_size;
  uint16_t status; /* of an answer; 0: as it is */
  uint16_t flags;  /* GW_CHANGES_... */
  const gw_bytes_borrowed *GW_NULLABLE removed_names; /* every field of these names goes, in any letter case */
  size_t removed_count;
  const gw_field_borrowed *GW_NULLABLE fields_borrowed; /* appended after that */
  size_t field_count;
  gw_bytes_borrowed body_borrowed; /* with GW_CHANGES_BODY, which needs GW_BODY_BUFFERED */
} gw_changes_borrowed;

#define GW_CHANGES_BODY 1u

/* Work for after the answer. It completes with `finish` or `fail`. It is invoked with the exchange's request, whose values are
 * torn down after it, and cancelled when the gateway stops and its time to drain is over. */
typedef struct gw_task_borrowed {
  uint32_t struct_size;
  uint32_t execution; /* gw_execution */
  gw_function invoke;
  void *context_owned;                          /* passed to `invoke` */
  void (*release_context)(void *context_owned); /* called once, after the task, or instead of it */
  gw_bytes_borrowed label;                      /* for logs */
} gw_task_borrowed;

typedef enum gw_metric_kind {
  GW_METRIC_COUNTER = 0,  /* values are added */
  GW_METRIC_GAUGE = 1,    /* the last value stands */
  GW_METRIC_HISTOGRAM = 2 /* values are distributed: seconds, bytes */
} gw_metric_kind;

/* A request to one of the gateway's upstreams. Everything is copied before `fetch` returns. All functions are called on the
 * event loop `loop` of the fetch, `end` exactly once and last, also after `cancel_fetch`. */
typedef struct gw_fetch_borrowed {
  uint32_t struct_size;
  uint32_t loop;
  gw_bytes_borrowed upstream; /* a name under `upstreams` */
  gw_bytes_borrowed method;
  gw_bytes_borrowed target; /* path and query */
  const gw_field_borrowed *GW_NULLABLE fields;
  size_t field_count;
  gw_bytes_borrowed body;
  uint64_t timeout; /* nanoseconds for all of it; 0: the upstream's own limits only */
  uint32_t flags;   /* GW_FETCH_... */
  uint32_t reserved;
  void *context;
  void (*head)(void *context, uint16_t status, const gw_field_borrowed *GW_NULLABLE fields, size_t field_count);
  void (*part)(void *context, gw_bytes_borrowed part); /* nothing more comes until `resume_fetch` */
  void (*end)(void *context, const gw_error_borrowed *GW_NULLABLE error); /* NULL: the response is whole */
  void (*GW_NULLABLE writable)(void *context); /* with GW_FETCH_STREAMED: the next part of the body may be written */
} gw_fetch_borrowed;

/* The body follows by `write_fetch`; `body` is ignored. */
#define GW_FETCH_STREAMED 1u

/* What became of a completion. */
typedef enum gw_completion {
  GW_ACCEPTED = 0,
  GW_ALREADY_COMPLETE = 1, /* twice */
  GW_TOO_LATE = 2,         /* the exchange was answered without it: deadline passed or client gone */
  GW_WRONG_KIND = 3,       /* such as `respond` of a teardown; the invocation fails */
  GW_INVALID = 4,          /* a status, field name or value that cannot be sent; the invocation fails */
  GW_PAUSED = 5,           /* `write` only: taken, but wait for `resume` before the next one */
  GW_REFUSED = 6           /* `background` only: as many tasks wait already as may; the task is still the plugin's */
} gw_completion;

typedef enum gw_log_level { GW_LOG_DEBUG = 0, GW_LOG_INFO = 1, GW_LOG_WARNING = 2, GW_LOG_ERROR = 3 } gw_log_level;

/* What the host offers. Valid for the life of the process. */
typedef struct gw_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  uint32_t loop_count; /* grows where a process starts another gateway: to be read as one atomic value */
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
  /* since 1.1 */
  /* Sends the head, and the body given with it as the first part. `resume(context)` is called on the invocation's event
   * loop each time that writing may go on after GW_PAUSED, and once when the client has gone: the next write then says
   * GW_TOO_LATE. A call that is on its way when another thread completes the
   * invocation still arrives: free the context on that loop, through `enqueue`. It may come inside a call of the plugin
   * to the host: take no lock around those that `resume` takes too. */
  gw_completion (*start_response)(
    gw_call call, const gw_response_borrowed *head, void (*resume)(void *GW_NULLABLE context), void *GW_NULLABLE context);
  gw_completion (*write)(gw_call call, gw_bytes_borrowed part);
  gw_completion (*end_response)(gw_call call);
  /* Answers with a file of the host's file system, as RFC 9110 has it: `etag` and `last-modified`, conditional requests,
   * ranges, and a `content-type` from the name unless the head has one. A missing file is a failure: 500. */
  gw_completion (*respond_file)(gw_call call, const gw_response_borrowed *head, gw_bytes_borrowed path);
  /* since 1.2 */
  /* A policy lets the request or the answer go on. The state is the host's on GW_ACCEPTED and GW_TOO_LATE. Changes to fields that
   * frame a message or say whom it is for are GW_INVALID: those refused in answers, in requests `host`, `expect`, `te` too. */
  gw_completion (*proceed)(gw_call call, const gw_changes_borrowed *GW_NULLABLE changes, void *GW_NULLABLE state_owned);
  /* A policy's part function: these bytes go on instead of the part. */
  gw_completion (*pass_part)(gw_call call, gw_bytes_borrowed part);
  /* Runs a task after the answer was sent, tasks of one exchange one after the other, in the order in which they came. For
   * handlers and for providers of an exchange, while their invocation is open. Dropped where the exchange fails or is given up
   * before its answer is known; a task that fails drops those behind it. On GW_ACCEPTED the context is the host's. */
  gw_completion (*background)(gw_call call, const gw_task_borrowed *task);
  /* As `log`, with facts of its own and those of the invocation: request id, route, handler. */
  void (*log_event)(
    const gw_call *GW_NULLABLE call, uint32_t level, gw_bytes_borrowed message, const gw_field_borrowed *GW_NULLABLE facts,
    size_t fact_count);
  /* The W3C traceparent that the invocation's own requests should carry; its length, 0 where there is none. */
  size_t (*trace_parent)(gw_call call, uint8_t *buffer, size_t capacity);
  /* A metric by its name and labels, made when it is not there; 0 where the name, a label or the kind is not possible. */
  uint64_t (*metric)(
    uint32_t kind, gw_bytes_borrowed name, const gw_field_borrowed *GW_NULLABLE labels, size_t label_count);
  void (*record)(uint64_t metric, double value);
  /* Nanoseconds of that loop's clock, which only goes forward; and since 1970. A loop UINT32_MAX here and below is one of the
   * calling thread's gateway; timers and fetches are cancelled by their number alone. */
  uint64_t (*now)(uint32_t loop);
  int64_t (*wall_clock)(uint32_t loop);
  /* Calls `fire` once on the loop, after that many nanoseconds or, cancelled, at once. The timer's number; 0 where the loop
   * is gone: then `fire` is not called. */
  uint64_t (*start_timer)(
    uint32_t loop, uint64_t nanoseconds, void (*fire)(void *GW_NULLABLE context, uint32_t is_cancelled),
    void *GW_NULLABLE context);
  void (*cancel_timer)(uint32_t loop, uint64_t timer);
  /* The fetch's number; 0 where it can never be sent or the loop is gone: then none of its functions is called. Anything else
   * that is wrong, an unknown upstream too, is told by `end`: `type` is a stable word, `description` says it all. */
  uint64_t (*fetch)(const gw_fetch_borrowed *fetch);
  void (*resume_fetch)(uint32_t loop, uint64_t fetch);
  /* GW_PAUSED: taken, but wait for `writable`. `is_last`: nothing follows. From another thread it may turn out only on the loop
   * that a part is not wanted: `writable` comes all the same, and the next write says why. */
  gw_completion (*write_fetch)(uint32_t loop, uint64_t fetch, gw_bytes_borrowed part, uint32_t is_last);
  void (*cancel_fetch)(uint32_t loop, uint64_t fetch);
  /* What the loop runs from here on is that invocation, until the plugin's function or job returns: for a plugin that runs an
   * invocation behind another one, in the same call, so that whatever holds the loop is told by its name. On the loop. */
  void (*enter)(gw_call call);
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
