import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// A function under `@Handler`, `@Provider` or `@Policy`.
struct PluginFunction {
  let declaration: FunctionDeclSyntax
  /// What the gateway calls it.
  let pluginName: String

  var name: String { declaration.name.text }
  var isAsync: Bool { declaration.signature.effectSpecifiers?.asyncSpecifier != nil }
  var isStatic: Bool { declaration.modifiers.contains(.static) }

  /// Nil for a function that returns nothing.
  var returnType: TypeSyntax? {
    guard let type = declaration.signature.returnClause?.type else { return nil }
    return ["Void", "()", "Swift.Void"].contains(type.trimmedDescription) ? nil : type
  }

  /// Nil where something was reported.
  init?(_ node: AttributeSyntax, _ declaration: some DeclSyntaxProtocol, in context: some MacroExpansionContext) {
    guard let function = declaration.as(FunctionDeclSyntax.self) else {
      context.report("function-kind", "@\(node.name) is for functions", at: node)
      return nil
    }
    let around = context.lexicalContext.first?.as(StructDeclSyntax.self)
    guard let around, around.attributes.contains("Plugin") else {
      context.report(
        "function-place", "@\(node.name) is for functions of a @Plugin struct: put @Plugin before the struct around it", at: node)
      return nil
    }
    self.declaration = function
    guard let written = node.unlabeled(0), written.trimmedDescription != "nil" else {
      pluginName = function.name.text.bare
      return
    }
    guard let text = written.literalText, (1...256).contains(text.utf8.count) else {
      context.report("function-name", "a name is a string literal of 1 to 256 bytes", at: written)
      return nil
    }
    pluginName = text
  }

  static func addStatic(_ function: FunctionDeclSyntax) -> FixIt {
    var fixed = function
    let keyword = DeclModifierSyntax(name: .keyword(.static, trailingTrivia: .space))
    if function.modifiers.isEmpty {
      fixed.modifiers = [keyword.with(\.leadingTrivia, function.funcKeyword.leadingTrivia)]
      fixed.funcKeyword = function.funcKeyword.with(\.leadingTrivia, [])
    } else {
      fixed.modifiers.append(keyword)
    }
    return .replace(function, by: fixed, "add-static", "add 'static'")
  }
}
