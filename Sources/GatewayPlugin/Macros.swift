// The macros; what they check and write is in GatewayPluginMacros.

/// Makes a struct or an enum a `SchemaType`: a JSON Schema, decoding and encoding, derived from its declaration.
///
///     /// A book as clients send it.
///     @Schema struct NewBook {
///       /// As on the cover.
///       @Field(.minLength(1), .maxLength(200)) var title: String
///       @Field(.range(1450...2100)) var year: Int
///       var tags: [String] = []
///       var subtitle: String?
///     }
///
/// A property with a default may be missing, and then has the default, evaluated afresh; literals are shown in the schema. An
/// optional `var` may be missing or null. Doc comments become descriptions. Computed and static properties are no part
/// of it. Types may contain themselves through arrays, maps and `indirect` enums.
///
/// Enums: with raw values, or without any (then the names of the cases); with associated values they are unions, whose
/// objects are told apart by the member that `discriminator` names. Labelled values are members of that object; a single
/// value without a label is a `@Schema` struct whose members stand beside the discriminator.
///
/// - Parameters:
///   - name: in the OpenAPI document; the type's own where nil.
///   - discriminator: for enums with associated values.
///   - closed: members that are not declared are refused (`additionalProperties: false`).
@attached(
  extension, conformances: SchemaType, SchemaObjectType,
  names: named(schema), named(fields), named(init), named(write))
public macro Schema(name: String? = nil, discriminator: String? = nil, closed: Bool = false) =
  #externalMacro(module: "GatewayPluginMacros", type: "SchemaMacro")

/// What a field's schema says beyond its type, and its name in JSON: `@Field(.alias("titleName"), .minLength(1))`.
@attached(peer)
public macro Field(_ options: FieldOption...) =
  #externalMacro(module: "GatewayPluginMacros", type: "FieldMacro")

/// Makes a struct a plugin: its `@Handler`, `@Provider`, `@Policy` and `@ErrorHandler` functions, and the entry point that the
/// gateway calls.
///
/// Generates `static func plugin() -> Plugin` and, for a struct at file level, the exported function `gatewayPlugin`. Handlers are
/// called on one instance, made with `init()`. What the attributes cannot say goes into
/// `static func configure(_ plugin: inout Plugin)`, which is called last where it is there.
///
/// - Parameters:
///   - name: for messages; the type's own, its first letter small, where nil.
///   - version: of the plugin, as `1.2.3`.
///   - entry: false where another function of the library is the entry point.
@attached(member, names: named(plugin))
@attached(extension, conformances: Sendable)
@attached(peer, names: named(gatewayPlugin))
public macro Plugin(_ name: String? = nil, version: String = "0.0.0", entry: Bool = true) =
  #externalMacro(module: "GatewayPluginMacros", type: "PluginMacro")

/// Makes a function of a `@Plugin` struct a handler. Its doc comment is the operation's summary and description.
///
/// `async` functions run on the event loop and may await; plain ones run on the thread pool and may block; `inline: true` runs a
/// plain one on the event loop, at once. It returns a `@Schema` type, a `Reply`, a `Response` or nothing.
///
/// Parameters are marked with `@Path`, `@Query`, `@Header`, `@Cookie`, `@Form`, `@File` and `@Body`; `borrowing Request`
/// is the request itself, `BackgroundTasks` takes work for after the answer; `@From` is a value of another plugin; every other
/// one is a dependency, by its name and type. Defaults and optionals may be missing from the request.
///
/// - Parameters:
///   - name: the function's own where nil.
///   - status: of a success; 200, or 204 where the function returns nothing.
@attached(peer, names: prefixed(_handler_))
public macro Handler(
  _ name: String? = nil, status: Int? = nil, inline: Bool = false, tags: [String] = [], deprecated: Bool = false
) = #externalMacro(module: "GatewayPluginMacros", type: "HandlerMacro")

/// Makes a static function of a `@Plugin` struct a provider of the type it returns.
///
/// Runs where a handler of its form would. Parameters as with `@Handler`, except those of a body; one called `config`
/// is the dependency's `config` in `gateway.yaml`, a `@Schema` type; one of type `Teardown` (plain functions:
/// `BlockingTeardown`) registers what ends the value.
///
/// - Parameters:
///   - name: the function's own where nil.
///   - scope: how long its values live, unless `gateway.yaml` says otherwise.
///   - provides: how other plugins may take its values: `.json("catalog.user", version: "1.0")` for `@Schema` types,
///     `.service` for classes that are a `ServiceValue`. See `Plugin.offer`.
@attached(peer, names: prefixed(_provider_))
public macro Provider(
  _ name: String? = nil, scope: Scope = .request, inline: Bool = false, provides: ViewMark...
) =
  #externalMacro(module: "GatewayPluginMacros", type: "ProviderMacro")

/// Makes a static function of a `@Plugin` struct a security provider: it runs before the body of a request is read and before
/// the route's own parameters are checked.
///
///     @Provider(security: .httpBearer())
///     static func user(credentials: HTTPCredentials, scopes: SecurityScopes, store: UserStore) async throws -> User { … }
///
/// Everything as with the other form. A parameter called `credentials` gets what the scheme finds in the request; without
/// them the answer is 401, unless the parameter is optional: then it is nil. One of type `SecurityScopes` gets what the
/// routes ask for.
///
/// - Parameters:
///   - name: the function's own where nil.
///   - security: how clients say who they are, for this function and for the OpenAPI document.
@attached(peer, names: prefixed(_provider_))
public macro Provider<Credentials: Sendable>(
  _ name: String? = nil, security: SecurityScheme<Credentials>, scope: Scope = .request, inline: Bool = false
) = #externalMacro(module: "GatewayPluginMacros", type: "ProviderMacro")

/// The same without a scheme of its own, such as a provider that needs the credentials of another.
///
/// - Parameter security: `true`.
@attached(peer, names: prefixed(_provider_))
public macro Provider(_ name: String? = nil, security: Bool, scope: Scope = .request, inline: Bool = false) =
  #externalMacro(module: "GatewayPluginMacros", type: "ProviderMacro")

/// Makes an `async` function of a `@Plugin` struct a policy: it runs around what stands behind it in the order of `gateway.yaml`.
///
///     @Policy func timing(request: consuming PolicyRequest, next: consuming PolicyNext) async throws -> PolicyResponse {
///       var response = try await next(request)
///       response.setHeader("x-served-by", "bookshop")
///       return response
///     }
///
/// A further parameter is the policy's `config` where `gateway.yaml` uses it, a `@Schema` type.
///
/// - Parameters:
///   - name: the function's own where nil.
///   - bufferedRequest: the policy waits for the whole body before anything goes on.
///   - bufferedResponse: it gets the whole body of the answer.
@attached(peer, names: prefixed(_policy_))
public macro Policy(_ name: String? = nil, bufferedRequest: Bool = false, bufferedResponse: Bool = false) =
  #externalMacro(module: "GatewayPluginMacros", type: "PolicyMacro")
/// Makes a function of a `@Plugin` struct the answer to an error: its first parameter.
///
/// Of a type of the plugin's own, it answers errors of that type that the plugin's handlers and providers throw; see
/// `Plugin.onError` for which one counts. Every handler of the plugin lists the answer in the OpenAPI document.
///
///     @ErrorHandler(status: 409) func outOfStock(error: OutOfStock) -> Shortage { Shortage(left: error.left) }
///
/// Of type `GatewayError`, it answers errors of the gateway itself, where `errors.responses` in `gateway.yaml` names it:
///
///     @ErrorHandler func explain(error: GatewayError, request: borrowing Request) async throws -> Response { … }
///
/// The function may be `async` and may throw; it must not block. Beside the error it may take `borrowing Request`. It returns a
/// `@Schema` type, a `Reply` or a `Response`.
///
/// - Parameters:
///   - name: of a handler for `GatewayError`; the function's own where nil.
///   - status: of the answer; 500 where nil. A `Response` has its own.
@attached(peer, names: prefixed(_errorHandler_))
public macro ErrorHandler(_ name: String? = nil, status: Int? = nil) =
  #externalMacro(module: "GatewayPluginMacros", type: "ErrorHandlerMacro")
