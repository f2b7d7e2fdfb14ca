import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// The parameters of a handler or a provider, and every mistake in them.
struct FunctionInputs {
  enum Role {
    case handler
    case provider
    /// A provider with a scheme for credentials.
    case securityProvider

    var isProvider: Bool { self != .handler }
  }

  private(set) var all: [FunctionInput] = []

  var hasTeardown: Bool {
    all.contains {
      if case .teardown = $0.source { return true }
      return false
    }
  }

  /// The parameter that gets what a security scheme finds.
  var credentials: FunctionInput? {
    all.first { $0.isCredentials }
  }

  var config: FunctionInput? {
    all.first {
      if case .config = $0.source { return true }
      return false
    }
  }

  private static let markers = ["Path", "Query", "Header", "Cookie", "Form", "File", "Body", "From"]

  /// Nil where something was reported.
  init?(_ function: FunctionDeclSyntax, as role: Role, in context: some MacroExpansionContext) {
    var isUsable = true
    func fail(_ id: String, _ message: String, at node: some SyntaxProtocol, fix: FixIt? = nil) {
      context.report(id, message, at: node, fix: fix)
      isUsable = false
    }
    if let generics = function.genericParameterClause {
      fail("generic-function", "the gateway cannot choose a type for a generic function; write the types out", at: generics)
    }
    var needs = 0
    var body: AttributeSyntax?
    var form: AttributeSyntax?
    var seen: Set<String> = []
    for parameter in function.signature.parameterClause.parameters {
      let name = (parameter.secondName ?? parameter.firstName).text.bare
      let label = parameter.firstName.text == "_" ? nil : parameter.firstName.text
      var type = parameter.type
      if let attributed = type.as(AttributedTypeSyntax.self) {
        if attributed.specifiers.contains(where: { $0.trimmedDescription == "inout" }) {
          fail("inout", "nothing flows back through 'inout' from here; return the value", at: parameter.type)
        }
        type = attributed.baseType
      }
      if let ellipsis = parameter.ellipsis {
        fail("variadic", "a handler is called with one value here: use an array", at: ellipsis)
      }
      let marks = parameter.attributes.compactMap { $0.as(AttributeSyntax.self) }.filter { Self.markers.contains($0.name) }
      if marks.count > 1 {
        fail("two-sources", "'\(name)' comes from one place: keep @\(marks[0].name) or @\(marks[1].name)", at: marks[1])
      }
      let value = parameter.defaultValue
      let mark = marks.first
      var options = FieldOptions()
      var wire = name
      let source: FunctionInput.Source
      if let mark, mark.name != "From" {
        options = FieldOptions(mark, type: type, in: context)
        wire = options.alias ?? name
      }
      switch mark?.name {
      case "Path":
        source = .parameter(place: "path")
        if let value {
          fail(
            "path-default", "a path always has its segments, so a default would never be used", at: value,
            fix: .replace(parameter, by: Self.withoutDefault(parameter), "remove-default", "remove the default"))
        } else if let wrapped = type.optionalWrapped {
          fail(
            "path-optional", "a path always has its segments: '\(name)' is never nil", at: parameter.type,
            fix: .replace(
              parameter.type, by: wrapped.with(\.trailingTrivia, parameter.type.trailingTrivia), "not-optional",
              "use '\(wrapped.trimmedDescription)'"))
        }
      case "Query": source = .parameter(place: "query")
      case "Cookie": source = .parameter(place: "cookie")
      case "Header":
        source = .parameter(place: "header")
        wire = options.alias.map { $0.lowercased() } ?? FunctionInput.headerName(name)
      case "Form", "File":
        source = mark?.name == "Form" ? .formField : .file
        form = form ?? mark
        if mark?.name == "File", let value {
          fail("file-default", "a file has no default; make it optional", at: value)
        }
      case "Body":
        source = .body
        if let body, let mark {
          fail(
            "body-twice", "a request has one body, and @\(body.name) has taken it; put both values into one @Schema struct",
            at: mark)
        }
        body = body ?? mark
      case "From":
        let view = mark?.unlabeled(0)?.literalText ?? ""
        source = .view(index: needs, name: view)
        needs += 1
        if !Self.isView(view), let mark {
          fail(
            "view-name", "a value of another plugin is named with its version, such as @From(\"catalog.user@1.0\")", at: mark)
        }
        if let value {
          fail(
            "dependency-default", "a dependency is always there, so a default would never be used", at: value,
            fix: .replace(parameter, by: Self.withoutDefault(parameter), "remove-default", "remove the default"))
        }
      default:
        if type.baseName == "Request" {
          source = .request
        } else if type.baseName == "BackgroundTasks" {
          source = .background
        } else if role.isProvider, ["Teardown", "BlockingTeardown"].contains(type.baseName) {
          source = .teardown
          Self.checkTeardown(type, function) { fail($0, $1, at: $2, fix: $3) }
        } else if role.isProvider, label == "config" {
          source = .config
        } else if role == .securityProvider, label == "credentials" {
          source = .credentials
        } else if role.isProvider, type.baseName == "SecurityScopes" {
          source = .scopes
        } else {
          source = .dependency(index: needs)
          needs += 1
          if Self.isScalar(type) {
            fail(
              "unmarked", "'\(name): \(type.trimmedDescription)' would be a dependency; say where in the request it comes from",
              at: parameter, fix: Self.marking(parameter, "Query"))
          } else if let value {
            fail(
              "dependency-default", "a dependency is always there, so a default would never be used", at: value,
              fix: .replace(parameter, by: Self.withoutDefault(parameter), "remove-default", "remove the default"))
          }
        }
      }
      if role.isProvider, let mark, ["Form", "File", "Body"].contains(mark.name) {
        fail("provider-body", "a provider does not read the body: the handler may need it too; use a handler's @\(mark.name)", at: mark)
      }
      if case .parameter(let place) = source, !seen.insert(wire).inserted {
        fail("name-taken", "two parameters are called '\(wire)' in the request (this one in its \(place)); give one another name", at: parameter)
      }
      all.append(
        FunctionInput(
          source: source, label: label, name: wire, type: type.trimmed, defaultValue: value?.value, options: options))
    }
    if let body, let form {
      fail("body-and-form", "@\(form.name) is part of a form, and @Body is the whole body: a request has one of them", at: body)
    }
    guard isUsable else { return nil }
  }

  private static func checkTeardown(
    _ type: TypeSyntax, _ function: FunctionDeclSyntax,
    _ fail: (String, String, TypeSyntax, FixIt?) -> Void
  ) {
    let isAsync = function.signature.effectSpecifiers?.asyncSpecifier != nil
    let wanted = isAsync ? "Teardown" : "BlockingTeardown"
    guard type.baseName != wanted else { return }
    let reason =
      isAsync ? "an async provider's teardown is async too" : "a plain provider's teardown runs like it, without await"
    let replacement = TypeSyntax(IdentifierTypeSyntax(name: .identifier(wanted)))
    fail(
      "teardown-kind", "\(reason): use '\(wanted)'", type,
      .replace(type, by: replacement, "teardown-kind", "use '\(wanted)'"))
  }

  /// `NAME@MAJOR.MINOR`.
  private static func isView(_ text: String) -> Bool {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else { return false }
    let numbers = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 2 && numbers.allSatisfy { number in
      !number.isEmpty && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
  }

  private static func isScalar(_ type: TypeSyntax) -> Bool {
    if let wrapped = type.optionalWrapped { return isScalar(wrapped) }
    if let array = type.as(ArrayTypeSyntax.self) { return isScalar(array.element) }
    return [
      "String", "Bool", "Int", "Int8", "Int16", "Int32", "Int64", "UInt", "UInt8", "UInt16", "UInt32", "UInt64", "Double",
      "Float", "UniqueID", "Timestamp", "CalendarDate", "ExactDecimal", "Duration",
    ].contains(type.baseName)
  }

  private static func marking(_ parameter: FunctionParameterSyntax, _ mark: String) -> FixIt {
    var marked = parameter
    marked.leadingTrivia = []
    let attribute = AttributeSyntax(
      leadingTrivia: parameter.leadingTrivia,
      attributeName: IdentifierTypeSyntax(name: .identifier(mark)), trailingTrivia: .space)
    marked.attributes = [.attribute(attribute)] + marked.attributes
    return .replace(parameter, by: marked, "mark", "mark it with '@\(mark)'")
  }

  private static func withoutDefault(_ parameter: FunctionParameterSyntax) -> FunctionParameterSyntax {
    var bare = parameter
    bare.type = parameter.type.with(\.trailingTrivia, parameter.defaultValue?.trailingTrivia ?? [])
    bare.defaultValue = nil
    return bare
  }

  // MARK: code

  /// Values in the order of the parameters, and the call with them.
  func call(_ callee: String, _ function: FunctionDeclSyntax) -> (statements: [String], expression: String) {
    // Credentials first: whoever may not come learns nothing about the rest.
    let ordered = all.enumerated().filter { $0.element.isCredentials } + all.enumerated().filter { !$0.element.isCredentials }
    let statements = ordered.compactMap { index, input -> String? in
      input.usesInputs ? "let input\(index) = \(input.value)" : nil
    }
    let arguments = all.enumerated().map { index, input -> String in
      let value = input.usesInputs ? "input\(index)" : input.value
      return input.label.map { "\($0): \(value)" } ?? value
    }
    let effects = function.signature.effectSpecifiers
    let marks = (effects?.throwsClause != nil ? "try " : "") + (effects?.asyncSpecifier != nil ? "await " : "")
    return (statements, "\(marks)\(callee).\(function.name.text)(\(arguments.joined(separator: ", ")))")
  }
}
