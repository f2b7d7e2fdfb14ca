import GatewayBodies
import GatewayHTTP
import GatewayJSON
import GatewaySchema

/// What a route wants of the request's body.
struct BodyPlan: Sendable {
  /// By media type, in the order of preference. Empty: any body passes as it comes.
  var contents: [BodyContentPlan] = []
  var isRequired = false
  /// Bytes, as received and decompressed.
  var limit: Int
  var duplicateKeys = DuplicateKeyPolicy.refuse
  var acceptsGzip = true
  var acceptsDeflate = true
  var forms = GatewayBodies.FormLimits()
  /// Bytes of a file that stay in memory.
  var formMemory = 1 << 20
  /// What a 415 says is accepted.
  var accept = ""
  /// The values in an object of several; empty: the body is one value.
  var embedded: [(name: String, isRequired: Bool)] = []
  /// A body of a type that is not listed is read as text, as FastAPI does, and its schema says what is wrong with that.
  var readsOtherTypesAsText = false

  var isChecked: Bool { !contents.isEmpty }

  func accepts(_ coding: ContentCoding) -> Bool {
    switch coding {
    case .identity: true
    case .gzip: acceptsGzip
    case .deflate: acceptsDeflate
    }
  }
}

/// The body as one media type, or several that a pattern stands for.
struct BodyContentPlan: Sendable {
  var pattern: MediaTypePattern
  /// JSON of whatever `+json` type too.
  var isJSON: Bool
  var schema: Schema
  var mode: CoercionMode
  /// A valid value is not yet the one that handlers get.
  var rewrites: Bool
  /// For forms: reads an object from fields.
  var form: ParameterReader?
  /// Members of a form that are files.
  var files: Set<String> = []
  /// The schema says something that only a parsed value can be held against.
  var needsValue = false
  /// Code's names of members → public ones; for hints.
  var internalNames: [String: String] = [:]
}
