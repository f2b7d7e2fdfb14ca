import CGatewayPlugin

/// How a provider's values are offered to other plugins.
public struct OfferedView<Value: Sendable>: Sendable {
  let declaration: OfferDeclaration
  let decoder: (@Sendable (inout Plugin, String) -> Void)?
}

extension OfferedView where Value: SchemaType {
  /// As JSON, as the type's own `write(to:)` writes it, with the type's schema.
  ///
  /// - Parameters:
  ///   - name: what consumers ask for, such as `catalog.user`.
  ///   - version: `major.minor`. A newer minor only adds members; anything else is a new major.
  public static func json(_ name: String, version: String) -> OfferedView {
    OfferedView(
      declaration: OfferDeclaration(
        kind: "json", name: name, version: version, schema: { Value.schema(&$0) }, isVersionValid: ViewVersion(version) != nil)
    ) { plugin, provider in
      // Takes the same JSON the other way: `overrides` in an overlay may give a value as JSON.
      plugin.inlineProvider(
        OfferDeclaration.decoder(of: provider), scope: .app, config: Plugin.configSchema(Value.self)
      ) { (provision: borrowing Provision) throws -> Value in try provision.config(as: Value.self) }
    }
  }
}

extension OfferedView where Value: ServiceValue {
  /// As the service that the class defines.
  public static var service: OfferedView {
    let service = Value.service
    let version = service.version
    return OfferedView(
      declaration: OfferDeclaration(
        kind: "service", name: service.name, version: version.map { "\($0.major).\($0.minor)" } ?? "0.0", schema: nil,
        isVersionValid: version != nil), decoder: nil)
  }
}

extension Plugin {
  /// Lets other plugins take the values of a provider.
  ///
  ///     plugin.provider("currentUser") { … -> User }
  ///     plugin.offer("currentUser", User.self, as: .json("catalog.user", version: "1.0"))
  ///
  /// Within this plugin they stay the Swift objects that they are. A provider that is offered as JSON gets a companion,
  /// `currentUser.json`, which makes the value from the `config` of its dependency.
  ///
  /// - Parameters:
  ///   - provider: its name; the plugin is refused where it has no such provider, or one of another type.
  ///   - view: a provider may offer several: JSON under several names and versions, and a service.
  public mutating func offer<Value: Sendable>(_ provider: String, _ type: Value.Type, as view: OfferedView<Value>) {
    var declaration = view.declaration
    declaration.provider = provider
    declaration.type = Dependency<Value>.typeName
    let decoder = OfferDeclaration.decoder(of: provider)
    if let make = view.decoder {
      declaration.hasDecoder = true
      if !providers.contains(where: { $0.name == decoder }) { make(&self, provider) }
    }
    offers.append(declaration)
  }
}

/// What `@Provider(provides:)` takes; the macro turns it into an `OfferedView` of the function's type.
public struct ViewMark: Sendable {
  /// As JSON: `.json("catalog.user", version: "1.0")`.
  public static func json(_ name: StaticString, version: StaticString) -> ViewMark { ViewMark() }
  /// As the service that the class defines.
  public static var service: ViewMark { ViewMark() }
}

struct OfferDeclaration: Sendable {
  let kind: String
  let name: String
  let version: String
  let schema: (@Sendable (inout SchemaCollector) -> SchemaObject)?
  let isVersionValid: Bool
  var provider = ""
  var type = ""
  var hasDecoder = false

  static func decoder(of provider: String) -> String { provider + ".json" }

  func json(_ schemas: inout SchemaCollector) -> String {
    var object = SchemaObject([kind: JSONWriter.text(name), "version": JSONWriter.text(version)])
    if let schema { object["schema"] = schema(&schemas).json }
    if hasDecoder { object["decoder"] = JSONWriter.text(Self.decoder(of: provider)) }
    return object.json
  }
}

// MARK: the contract's form

extension Plugin {
  /// Why the plugin has to be refused; nil where its offers are in order.
  var offerProblem: String? {
    for offer in offers {
      let what = "the view '\(offer.name)'"
      guard offer.isVersionValid else { return "\(what) has a version that is no 'major.minor'" }
      guard let provider = providers.first(where: { $0.name == offer.provider }) else {
        return "\(what) is offered of a provider '\(offer.provider)', which the plugin does not have"
      }
      guard provider.type == offer.type else {
        return "\(what) is offered of '\(offer.provider)' as \(offer.type), and it provides \(provider.type)"
      }
    }
    return nil
  }

  /// A declaration with what it says about views.
  func declaration(
    _ declaration: String, needs: [NeedDeclaration], provider: String? = nil, _ schemas: inout SchemaCollector
  ) -> String {
    var keys: [String] = []
    let required = needs.compactMap { need in
      need.schema.map { "\(JSONWriter.text(need.name)):{\"schema\":\($0(&schemas).json)}" }
    }
    if !required.isEmpty { keys.append("\"requires\":{\(required.joined(separator: ","))}") }
    let provided = offers.filter { $0.provider == provider }.map { $0.json(&schemas) }
    if !provided.isEmpty { keys.append("\"provides\":[\(provided.joined(separator: ","))]") }
    guard !keys.isEmpty else { return declaration }
    // A declaration is empty or an object with a key at least.
    let own = declaration.isEmpty ? "{" : declaration.dropLast() + ","
    return own + keys.joined(separator: ",") + "}"
  }
}

/// `gw_provider.value_json` of every provider whose values can be written.
let valueJSON: @convention(c) (
  UnsafeMutableRawPointer, UnsafeMutableRawPointer, @convention(c) (UnsafeMutableRawPointer, gw_bytes_borrowed) -> Void
) -> Int32 = { value, sink, write in
  guard let bytes = Unmanaged<AnyValueBox>.fromOpaque(value).takeUnretainedValue().json() else { return 1 }
  bytes.withUnsafeBytes { write(sink, gw_bytes_borrowed($0)) }
  return 0
}

/// `gw_provider.value_service` of every provider whose values are services.
let valueService: @convention(c) (UnsafeMutableRawPointer) -> UnsafePointer<gw_service>? = { value in
  Unmanaged<AnyValueBox>.fromOpaque(value).takeUnretainedValue().service()
}
