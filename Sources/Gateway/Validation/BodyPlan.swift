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

/// The body as one media type, or several that a pattern stands for. A class: requests pick one out of several, and a
/// struct of these parts costs eight retains to pick.
final class BodyContentPlan: Sendable {
  let pattern: MediaTypePattern
  /// JSON of whatever `+json` type too.
  let isJSON: Bool
  let schema: Schema
  let mode: CoercionMode
  /// A valid value is not yet the one that handlers get.
  let rewrites: Bool
  /// For forms: reads an object from fields.
  let form: ParameterReader?
  /// Members of a form that are files.
  let files: Set<String>
  /// The schema says something that only a parsed value can be held against.
  let needsValue: Bool
  /// Code's names of members → public ones; for hints.
  let internalNames: [String: String]

  init(
    pattern: MediaTypePattern, isJSON: Bool, schema: Schema, mode: CoercionMode, form: ParameterReader?,
    files: Set<String>, needsValue: Bool, internalNames: [String: String]
  ) {
    self.pattern = pattern
    self.isJSON = isJSON
    self.schema = schema
    self.mode = mode
    rewrites = schema.needsRewriting(mode)
    self.form = form
    self.files = files
    self.needsValue = needsValue
    self.internalNames = internalNames
  }

  /// The same for another media type.
  func `as`(_ pattern: MediaTypePattern) -> BodyContentPlan {
    BodyContentPlan(
      pattern: pattern, isJSON: false, schema: schema, mode: mode, form: form, files: files, needsValue: needsValue,
      internalNames: internalNames)
  }
}
