import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@Handler`: a function beside the author's that adds it to the plugin. `@Plugin` calls that one.
struct HandlerMacro: PeerMacro {
  static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
    in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    guard let function = PluginFunction(node, declaration, in: context) else { return [] }
    let inputs = FunctionInputs(function.declaration, as: .handler, in: context)
    let isInline = node.isTrue("inline")
    if isInline, function.isAsync, let argument = node.argument("inline") {
      context.report("inline-async", "an inline handler answers at once and cannot await: remove 'inline' or 'async'", at: argument)
      return []
    }
    guard let inputs, let status = status(node, function, in: context) else { return [] }

    var lines: [String] = []
    if let documentation = function.declaration.documentation {
      let (summary, rest) = split(documentation)
      lines.append("signature.summary = \(quoted(summary))")
      if !rest.isEmpty { lines.append("signature.description = \(quoted(rest))") }
    }
    if let tags = node.argument("tags") { lines.append("signature.tags = \(tags.trimmedDescription)") }
    if node.isTrue("deprecated") { lines.append("signature.isDeprecated = true") }
    lines += inputs.all.compactMap(\.declaration)
    if let type = function.returnType { lines.append("signature.response(\(status), (\(type.trimmedDescription)).self)") }
    if function.returnType == nil { lines.append("signature.responseWithoutBody(\(status))") }

    let callee = function.isStatic ? "Self" : "instance"
    let (statements, expression) = inputs.call(callee, function.declaration)
    let answer =
      function.returnType == nil
      ? [expression, "return GatewayPlugin.Response(status: \(status))"]
      : ["return GatewayPlugin.Response.of(\(expression), status: \(status))"]
    let kind = function.isAsync ? "asyncHandler" : isInline ? "inlineHandler" : "blockingHandler"
    return [
      """
      static func _handler_\(raw: function.name.bare)(_ plugin: inout GatewayPlugin.Plugin\(raw: function.isStatic ? "" : ", _ instance: Self")) {
        plugin.\(raw: kind)(\(raw: quoted(function.pluginName)), { \(raw: lines.isEmpty ? "_" : "signature") in
      \(raw: indented(lines))
        }, { \(raw: statements.isEmpty ? "_" : "inputs") in
      \(raw: indented(statements + answer))
        })
      }
      """
    ]
  }

  private static func status(
    _ node: AttributeSyntax, _ function: PluginFunction, in context: some MacroExpansionContext
  ) -> String? {
    guard let written = node.argument("status"), written.trimmedDescription != "nil" else {
      return function.returnType == nil ? "204" : "200"
    }
    guard let literal = written.as(IntegerLiteralExprSyntax.self) else { return written.trimmedDescription }
    guard let status = literal.representedLiteralValue, (200...599).contains(status) else {
      context.report("status", "a status of a response is from 200 to 599", at: written)
      return nil
    }
    if [204, 205, 304].contains(status), let type = function.returnType, type.baseName != "Response" {
      context.report("status-body", "a response with status \(status) has no body (RFC 9110): return nothing", at: type)
      return nil
    }
    return literal.trimmedDescription
  }

  /// The first paragraph in one line, and what follows.
  private static func split(_ documentation: String) -> (summary: String, rest: String) {
    let lines = documentation.split(separator: "\n", omittingEmptySubsequences: false)
    let first = lines.prefix { !$0.allSatisfy(\.isWhitespace) }
    let rest = lines.dropFirst(first.count).drop { $0.allSatisfy(\.isWhitespace) }
    return (first.joined(separator: " "), rest.joined(separator: "\n"))
  }
}

func indented(_ lines: [String]) -> String { lines.map { "    " + $0 }.joined(separator: "\n") }
