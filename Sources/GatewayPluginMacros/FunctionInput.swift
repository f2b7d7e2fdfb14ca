import SwiftSyntax
import SwiftSyntaxMacros

/// One parameter of a handler or provider: where its value comes from.
struct FunctionInput {
  enum Source {
    case parameter(place: String)
    case formField
    case file
    case body
    case request
    case dependency(index: Int)
    /// A value of another plugin.
    case view(index: Int, name: String)
    case config
    case teardown
    /// What a security provider's scheme finds.
    case credentials
    case scopes
    case background
  }

  let source: Source
  /// In the call; nil where the parameter has no label.
  let label: String?
  /// In the request, or among the needs.
  let name: String
  /// Without specifiers such as `borrowing`.
  let type: TypeSyntax
  let defaultValue: ExprSyntax?
  let options: FieldOptions

  /// The type that is decoded: what an optional may hold.
  private var decoded: String { "(\((type.optionalWrapped ?? type).trimmedDescription)).self" }
  private var isRequired: Bool { defaultValue == nil && type.optionalWrapped == nil }

  /// A statement that tells the signature about it.
  var declaration: String? {
    let required = isRequired ? "" : ", isRequired: false"
    let shown = defaultValue.flatMap { $0.isPlainValue && !$0.is(NilLiteralExprSyntax.self) ? $0 : nil }
    let fallback = shown.map { ", default: \($0.trimmedDescription) as \(type.trimmedDescription)" } ?? ""
    switch source {
    case .parameter(let place):
      return "signature.parameter(\(quoted(name)), in: .\(place), \(decoded)\(required)\(fallback)\(options.list))"
    case .formField: return "signature.formField(\(quoted(name)), \(decoded)\(required)\(fallback)\(options.list))"
    case .file: return "signature.file(\(quoted(name)), (\(type.trimmedDescription)).self\(required)\(options.list))"
    case .body: return "signature.body(\(decoded)\(required)\(options.list))"
    case .dependency: return "signature.need(\(quoted(name)), (\(type.trimmedDescription)).self)"
    case .view(_, let view): return "signature.need(\(quoted(name)), (\(type.trimmedDescription)).self, from: \(quoted(view)))"
    case .request, .config, .teardown, .credentials, .scopes, .background: return nil
    }
  }

  /// An expression for its value.
  var value: String {
    let fallback = defaultValue.map { " ?? (\($0.trimmedDescription))" } ?? ""
    switch source {
    case .parameter(let place):
      return isRequired
        ? "try inputs.parameter(\(quoted(name)), in: .\(place), \(decoded))"
        : "try inputs.optional(\(quoted(name)), in: .\(place), \(decoded))\(fallback)"
    case .formField:
      return isRequired
        ? "try inputs.formField(\(quoted(name)), \(decoded))"
        : "try inputs.optionalFormField(\(quoted(name)), \(decoded))\(fallback)"
    case .file: return "try inputs.file(\(quoted(name)), (\(type.trimmedDescription)).self)"
    case .body:
      return isRequired ? "try inputs.body(\(decoded))" : "try inputs.optionalBody(\(decoded))\(fallback)"
    case .request: return "try inputs.request()"
    case .dependency(let index): return "try inputs.dependency(\(index), \(quoted(name)), (\(type.trimmedDescription)).self)"
    case .view(let index, let view):
      return "try inputs.dependency(\(index), \(quoted(name)), (\(type.trimmedDescription)).self, from: \(quoted(view)))"
    case .config: return "try inputs.config((\(type.trimmedDescription)).self)"
    case .teardown: return "teardown"
    case .credentials:
      return type.optionalWrapped == nil ? "try inputs.credentials(security)" : "try inputs.optionalCredentials(security)"
    case .scopes: return "inputs.scopes()"
    case .background: return "try inputs.background()"
    }
  }

  var isCredentials: Bool {
    if case .credentials = source { return true }
    return false
  }

  var usesInputs: Bool {
    if case .teardown = source { return false }
    return true
  }

  /// `xRequestID` and `x_request_id` are `x-request-id`: words of a Swift name are told by capitals.
  static func headerName(_ name: String) -> String {
    let letters = Array(name.unicodeScalars)
    var result = ""
    for (index, letter) in letters.enumerated() {
      if letter == "_" {
        result += "-"
        continue
      }
      let isUpper = letter.properties.isUppercase
      if isUpper, index > 0, letters[index - 1] != "_" {
        let previousIsLower = !letters[index - 1].properties.isUppercase
        let nextIsLower = index + 1 < letters.count && letters[index + 1].properties.isLowercase
        if previousIsLower || nextIsLower { result += "-" }
      }
      result += letter.properties.lowercaseMapping
    }
    return result
  }
}
