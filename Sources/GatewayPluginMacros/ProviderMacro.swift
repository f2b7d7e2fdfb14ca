import SwiftSyntax
import SwiftSyntaxMacros

/// `@Provider`: a function beside the author's that adds it to the plugin. `@Plugin` calls that one.
struct ProviderMacro: PeerMacro {
  static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
    in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    guard let function = PluginFunction(node, declaration, in: context) else { return [] }
    let security = node.argument("security")
    let isFlag = security?.is(BooleanLiteralExprSyntax.self) ?? false
    if isFlag, !node.isTrue("security"), let security {
      context.report("security-false", "leave 'security' out: every other provider runs behind the body anyway", at: security)
      return []
    }
    let scheme = isFlag ? nil : security
    let inputs = FunctionInputs(function.declaration, as: scheme == nil ? .provider : .securityProvider, in: context)
    guard function.isStatic else {
      context.report(
        "provider-static", "a provider is a static function: values outlive no instance", at: function.declaration.name,
        fix: PluginFunction.addStatic(function.declaration))
      return []
    }
    guard let value = function.returnType else {
      context.report("provider-value", "a provider returns the value it provides", at: function.declaration.name)
      return []
    }
    let isInline = node.isTrue("inline")
    if isInline, function.isAsync, let argument = node.argument("inline") {
      context.report("inline-async", "an inline provider is done at once and cannot await: remove 'inline' or 'async'", at: argument)
      return []
    }
    guard let inputs else { return [] }

    var lines = inputs.all.compactMap(\.declaration)
    var (statements, expression) = inputs.call("Self", function.declaration)
    var prelude = ""
    if let scheme {
      let isOptional = inputs.credentials?.type.optionalWrapped != nil
      prelude = "  let security = GatewayPlugin.Plugin.securityScheme(\(scheme.trimmedDescription))\n"
      lines.insert("signature.security(security, isOptional: \(isOptional))", at: 0)
      // Asked for, although the function does not look at them.
      if inputs.credentials == nil { statements.insert("_ = try inputs.credentials(security)", at: 0) }
    } else if security != nil {
      lines.insert("signature.isSecurity = true", at: 0)
    }
    if security != nil, let scope = node.argument("scope"), scope.trimmedDescription.hasSuffix(".app") {
      context.report("security-app", "a security provider decides for each request who may come: it cannot be of app scope", at: scope)
      return []
    }
    let scope = node.argument("scope")?.trimmedDescription ?? ".request"
    let config = inputs.config.map { ", config: GatewayPlugin.Plugin.configSchema((\($0.type.trimmedDescription)).self)" } ?? ""
    let kind = function.isAsync ? "asyncProvider" : isInline ? "inlineProvider" : "blockingProvider"
    let offers = Self.offers(node).map { view in
      "\n  plugin.offer(\(quoted(function.pluginName)), (\(value.trimmedDescription)).self, as: \(view))"
    }.joined()
    let names = "\(statements.isEmpty ? "_" : "inputs"), \(inputs.hasTeardown ? "teardown" : "_")"
    return [
      """
      static func _provider_\(raw: function.name.bare)(_ plugin: inout GatewayPlugin.Plugin) {
      \(raw: prelude)  plugin.\(raw: kind)(\(raw: quoted(function.pluginName)), scope: \(raw: scope)\(raw: config), hasTeardown: \(raw: inputs.hasTeardown), { \(raw: lines.isEmpty ? "_" : "signature") in
      \(raw: indented(lines))
        }, { \(raw: names) in
      \(raw: indented(statements + ["return \(expression)"]))
        })\(raw: offers)
      }
      """
    ]
  }

  /// The views after `provides:`, as they are written; further ones have no label.
  private static func offers(_ node: AttributeSyntax) -> [String] {
    let arguments = Array(node.argumentList ?? [])
    guard let first = arguments.firstIndex(where: { $0.label?.text == "provides" }) else { return [] }
    let rest = arguments[(first + 1)...].prefix { $0.label == nil }
    return ([arguments[first]] + rest).map(\.expression.trimmedDescription)
  }
}
