import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@Plugin`: `plugin()`, which gathers what `@Handler`, `@Provider` and `@Policy` wrote, and the exported entry point.
struct PluginMacro: MemberMacro {
  static func expansion(
    of node: AttributeSyntax, providingMembersOf declaration: some DeclGroupSyntax, conformingTo protocols: [TypeSyntax],
    in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    guard let structure = declaration.as(StructDeclSyntax.self) else {
      var fix: FixIt?
      if let object = declaration.as(ClassDeclSyntax.self) {
        fix = .replace(
          object.classKeyword, by: object.classKeyword.with(\.tokenKind, .keyword(.struct)), "class-struct",
          "make it a struct")
      }
      context.report("plugin-kind", "@Plugin is for structs: calls overlap, and share its one instance", at: node, fix: fix)
      return []
    }
    if let generics = structure.genericParameterClause {
      context.report("plugin-generic", "the gateway cannot choose a type for a generic plugin", at: generics)
      return []
    }
    guard let name = name(node, structure, in: context) else { return [] }
    let version = node.argument("version")?.trimmedDescription ?? "\"0.0.0\""
    var lines: [String] = []
    var names: [String: Set<String>] = [:]
    var needsInstance = false
    var hasConfigure = false
    for member in structure.memberBlock.members {
      guard let function = member.decl.as(FunctionDeclSyntax.self) else { continue }
      if function.name.text == "configure", function.modifiers.contains(.static) { hasConfigure = true }
      for (kind, several) in [
        ("Provider", "providers"), ("Handler", "handlers"), ("Policy", "policies"), ("ErrorHandler", "error handlers"),
      ] {
        guard let attribute = function.attributes.first(kind) else { continue }
        let called = attribute.unlabeled(0)?.literalText ?? function.name.text.bare
        if !names[kind, default: []].insert(called).inserted {
          context.report("name-twice", "two \(several) are called '\(called)'; give one another name", at: function.name)
        }
        let isInstance = kind != "Provider" && !function.modifiers.contains(.static)
        needsInstance = needsInstance || isInstance
        lines.append("_\(kind.prefix(1).lowercased() + kind.dropFirst())_\(function.name.text.bare)(&plugin\(isInstance ? ", instance" : ""))")
      }
    }
    if needsInstance { lines.insert("let instance = Self()", at: 0) }
    if hasConfigure { lines.append("Self.configure(&plugin)") }
    return [
      """
      /// What this plugin is, for its entry point and for tests.
      \(raw: structure.modifiers.access)static func plugin() -> GatewayPlugin.Plugin {
        \(raw: lines.isEmpty ? "let" : "var") plugin = GatewayPlugin.Plugin(\(raw: quoted(name)), version: \(raw: version))
      \(raw: lines.map { "  " + $0 }.joined(separator: "\n"))
        return plugin
      }
      """
    ]
  }

  private static func name(
    _ node: AttributeSyntax, _ structure: StructDeclSyntax, in context: some MacroExpansionContext
  ) -> String? {
    guard let written = node.unlabeled(0), written.trimmedDescription != "nil" else {
      let own = structure.name.text.bare
      return own.prefix(1).lowercased() + own.dropFirst()
    }
    guard let text = written.literalText, (1...256).contains(text.utf8.count) else {
      context.report("plugin-name", "a plugin's name is a string literal of 1 to 256 bytes", at: written)
      return nil
    }
    return text
  }
}

extension PluginMacro: ExtensionMacro {
  static func expansion(
    of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
    providingExtensionsOf type: some TypeSyntaxProtocol, conformingTo protocols: [TypeSyntax],
    in context: some MacroExpansionContext
  ) throws -> [ExtensionDeclSyntax] {
    guard declaration.is(StructDeclSyntax.self), !protocols.isEmpty else { return [] }
    let syntax: DeclSyntax = "extension \(type.trimmed): Swift.Sendable {}"
    return syntax.as(ExtensionDeclSyntax.self).map { [$0] } ?? []
  }
}

extension PluginMacro: PeerMacro {
  static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
    in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    guard let structure = declaration.as(StructDeclSyntax.self), structure.genericParameterClause == nil,
      context.lexicalContext.isEmpty, node.argument("entry")?.trimmedDescription != "false"
    else { return [] }
    return [
      """
      @c(gateway_plugin_v1)
      public func gatewayPlugin(_ host: UnsafePointer<GatewayPlugin.gw_host>) -> UnsafePointer<GatewayPlugin.gw_plugin>? {
        \(structure.name.trimmed).plugin().export(to: host)
      }
      """
    ]
  }
}
