import CGatewayPlugin
import GatewayConfiguration
import GatewayHTTP
import GatewayJSON
import GatewaySchema

/// The parameters of a route, in the order in which handlers get them and violations are reported.
struct ParameterPlan: Sendable {
  var parameters: [CompiledParameter] = []
}

/// One parameter, with all that can be worked out before the first request.
final class CompiledParameter: Sendable {
  enum Source: Sendable {
    /// Index among the pattern's captures; `isRest`: several segments, kept percent-encoded, because decoding would
    /// make a slash that was data look like one that separates.
    case path(Int, isRest: Bool)
    case query
    case header
    case cookie
  }

  /// What handlers call it. Lent to plugins, so it stays in place as long as the route.
  let name: LentText
  /// What clients call it: in lower case for headers.
  let wireName: [UInt8]
  let publicName: String
  /// What the code calls it, where clients know it by an alias.
  let internalName: String?
  /// What violations call it.
  let location: [JSONValue]
  let source: Source
  /// One scalar. Nil with `reader` nil: any text.
  let schema: ParameterSchema?
  /// Lists, objects and whatever else is more than one scalar.
  let reader: ParameterReader?
  /// What `reader` asks to be given of its place.
  let occurrences: Occurrences
  /// Names of the same place that belong to other parameters: a parameter object leaves them alone.
  let others: [[UInt8]]
  let isRequired: Bool
  let fallback: Fallback?

  /// The value where the client sends none.
  struct Fallback: Sendable {
    let text: LentText
    let kind: gw_parameter_kind
    let integer: Int64
    let number: Double
    /// Lists and objects.
    var json: LentJSON?
  }

  init(
    name: String, wireName: String, publicName: String? = nil, source: Source, schema: ParameterSchema?, reader: ParameterReader? = nil,
    isRequired: Bool, fallback: Fallback?, internalName: String? = nil, others: [String] = []
  ) {
    self.name = LentText(name)
    self.wireName = Array(wireName.utf8)
    self.source = source
    self.schema = schema
    self.reader = reader
    self.others = others.map { Array($0.utf8) }
    self.publicName = publicName ?? wireName
    self.internalName = internalName
    occurrences = reader.map(Occurrences.init) ?? .named
    self.isRequired = isRequired
    self.fallback = fallback
    location = [.string(source.word), .string(publicName ?? wireName)]
  }

  /// Which names of a place belong to a parameter.
  enum Occurrences: Sendable {
    case named
    /// `name[…]`.
    case prefixed
    case all

    init(_ reader: ParameterReader) {
      self = reader.needsAllPairs ? .all : reader.style == .deepObject ? .prefixed : .named
    }
  }

  /// What violations of its value stand under: nothing where its members have names of their own.
  var violationName: String? { reader?.gathers == true ? nil : publicName }
}

extension CompiledParameter.Source {
  var word: String {
    switch self {
    case .path: "path"
    case .query: "query"
    case .header: "header"
    case .cookie: "cookie"
    }
  }

  var code: UInt32 {
    switch self {
    case .path: GW_IN_PATH.rawValue
    case .query: GW_IN_QUERY.rawValue
    case .header: GW_IN_HEADER.rawValue
    case .cookie: GW_IN_COOKIE.rawValue
    }
  }
}

/// Text at an address that does not change while this lives.
final class LentText: @unchecked Sendable {
  // Proof for @unchecked: written in `init` only, freed when nobody refers to it.
  let bytes: UnsafeRawBufferPointer

  init(_ text: String) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    copy.copyBytes(from: text.utf8)
    bytes = UnsafeRawBufferPointer(copy)
  }

  deinit { bytes.deallocate() }
}
