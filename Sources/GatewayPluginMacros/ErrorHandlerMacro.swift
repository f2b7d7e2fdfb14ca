import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@ErrorHandler`: a function beside the author's that adds it to the plugin. `@Plugin` calls that one.
struct ErrorHandlerMacro: PeerMacro {
  static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
    in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    guard let function = PluginFunction(node, declaration, in: context),
      let inputs = inputs(function.declaration, in: context)
    else { return [] }
    guard let type = function.returnType else {
      context.report(
        "error-answer", "an error handler returns the answer: a @Schema type, a Reply or a Response",
        at: function.declaration.name)
      return []
    }
    guard let status = status(node, type, in: context) else { return [] }
    let effects = function.declaration.signature.effectSpecifiers
    let marks = (effects?.throwsClause != nil ? "try " : "") + (effects?.asyncSpecifier != nil ? "await " : "")
    let call = "\(marks)\(function.isStatic ? "Self" : "instance").\(function.name)(\(inputs.arguments))"
    let answer = "return GatewayPlugin.Response.of(\(call), status: \(status))"
    let closure = "error, \(inputs.usesRequest ? "request" : "_")"
    let head =
      "static func _errorHandler_\(function.name.bare)(_ plugin: inout GatewayPlugin.Plugin\(function.isStatic ? "" : ", _ instance: Self")) {"
    if inputs.isOfGateway {
      return [
        """
        \(raw: head)
          plugin.errorHandler(\(raw: quoted(function.pluginName))) { \(raw: closure) in
            \(raw: answer)
          }
        }
        """
      ]
    }
    // What a `Response` holds is its own affair.
    let isOpen = type.baseName == "Response"
    let describe = isOpen ? "" : "    signature.response(\(status), (\(type.trimmedDescription)).self)"
    return [
      """
      \(raw: head)
        plugin.errorMapping((\(raw: inputs.errorType)).self, { \(raw: isOpen ? "_" : "signature") in
      \(raw: describe)
        }, { \(raw: closure) in
          \(raw: answer)
        })
      }
      """
    ]
  }

  private struct Inputs {
    var errorType: String
    var isOfGateway: Bool
    var usesRequest = false
    var arguments: String
  }

  private static func inputs(_ function: FunctionDeclSyntax, in context: some MacroExpansionContext) -> Inputs? {
    if let generics = function.genericParameterClause {
      context.report("generic-function", "the gateway cannot choose a type for a generic function; write the types out", at: generics)
      return nil
    }
    let parameters = Array(function.signature.parameterClause.parameters)
    guard let first = parameters.first, bare(first.type).baseName != "Request" else {
      context.report("error-parameter", "an error handler takes the error first, such as 'error: OutOfStock'", at: function.name)
      return nil
    }
    func argument(_ parameter: FunctionParameterSyntax, _ value: String) -> String {
      parameter.firstName.text == "_" ? value : "\(parameter.firstName.text): \(value)"
    }
    let type = bare(first.type)
    var inputs = Inputs(
      errorType: type.trimmedDescription, isOfGateway: type.baseName == "GatewayError", arguments: argument(first, "error"))
    for parameter in parameters.dropFirst() {
      guard bare(parameter.type).baseName == "Request", !inputs.usesRequest else {
        context.report(
          "error-inputs", "beside the error, an error handler takes 'borrowing Request' alone: what failed may be a dependency",
          at: parameter)
        return nil
      }
      inputs.usesRequest = true
      inputs.arguments += ", " + argument(parameter, "request")
    }
    return inputs
  }

  private static func bare(_ type: TypeSyntax) -> TypeSyntax { type.as(AttributedTypeSyntax.self)?.baseType ?? type }

  private static func status(
    _ node: AttributeSyntax, _ type: TypeSyntax, in context: some MacroExpansionContext
  ) -> String? {
    guard let written = node.argument("status"), written.trimmedDescription != "nil" else { return "500" }
    guard let literal = written.as(IntegerLiteralExprSyntax.self) else { return written.trimmedDescription }
    guard let status = literal.representedLiteralValue, (200...599).contains(status) else {
      context.report("status", "a status of a response is from 200 to 599", at: written)
      return nil
    }
    if [204, 205, 304].contains(status), type.baseName != "Response" {
      context.report("status-body", "a response with status \(status) has no body (RFC 9110)", at: type)
      return nil
    }
    return literal.trimmedDescription
  }
}
