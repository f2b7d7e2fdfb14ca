import SwiftSyntax
import SwiftSyntaxMacros

/// `@Policy`: a function beside the author's that adds it to the plugin. `@Plugin` calls that one.
struct PolicyMacro: PeerMacro {
  static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
    in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    guard let function = PluginFunction(node, declaration, in: context) else { return [] }
    guard function.isAsync else {
      context.report(
        "policy-async", "a policy waits for what stands behind it: add 'async'; for plain hooks see 'inlinePolicy'",
        at: function.declaration.name)
      return []
    }
    guard function.returnType?.baseName == "PolicyResponse" else {
      context.report("policy-answer", "a policy returns a 'PolicyResponse'", at: function.declaration.name)
      return []
    }
    var arguments: [String] = []
    var config: TypeSyntax?
    var found: Set<String> = []
    for parameter in function.declaration.signature.parameterClause.parameters {
      let type = parameter.type.trimmedDescription.replacingPrefix("consuming ")
      let value: String
      switch type {
      case "PolicyRequest", "GatewayPlugin.PolicyRequest": value = "request"
      case "PolicyNext", "GatewayPlugin.PolicyNext": value = "next"
      default:
        guard config == nil else {
          context.report(
            "policy-parameter", "a policy takes 'consuming PolicyRequest', 'consuming PolicyNext' and one config",
            at: parameter)
          return []
        }
        config = parameter.type
        value = "config"
      }
      guard found.insert(value).inserted else {
        context.report("policy-parameter", "a policy takes each of its parameters once", at: parameter)
        return []
      }
      let label = parameter.firstName.text
      arguments.append(label == "_" ? value : "\(label): \(value)")
    }
    guard found.isSuperset(of: ["request", "next"]) else {
      context.report(
        "policy-parameter", "a policy takes 'consuming PolicyRequest' and 'consuming PolicyNext'",
        at: function.declaration.name)
      return []
    }
    var options: [String] = []
    if let config { options.append("config: (\(config.trimmedDescription)).self") }
    for label in ["bufferedRequest", "bufferedResponse"] {
      if let written = node.argument(label) { options.append("\(label): \(written.trimmedDescription)") }
    }
    let callee = function.isStatic ? "Self" : "instance"
    let throwing = function.declaration.signature.effectSpecifiers?.throwsClause == nil ? "" : "try "
    let inputs = config == nil ? "request, next" : "request, config, next"
    return [
      """
      static func _policy_\(raw: function.name.bare)(_ plugin: inout GatewayPlugin.Plugin\(raw: function.isStatic ? "" : ", _ instance: Self")) {
        plugin.policy(\(raw: ([quoted(function.pluginName)] + options).joined(separator: ", "))) { \(raw: inputs) in
          \(raw: throwing)await \(raw: callee).\(raw: function.name)(\(raw: arguments.joined(separator: ", ")))
        }
      }
      """
    ]
  }
}

extension String {
  fileprivate func replacingPrefix(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}
