import SwiftSyntax
import SwiftSyntaxMacros

/// `@Field` says something to `@Schema`; alone it writes nothing, and only notices when it stands where nobody reads it.
struct FieldMacro: PeerMacro {
  static func expansion(
    of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
    in context: some MacroExpansionContext
  ) throws -> [DeclSyntax] {
    guard let variable = declaration.as(VariableDeclSyntax.self) else {
      context.report("field-place", "@Field is for stored properties of a @Schema struct", at: node)
      return []
    }
    if let type = context.lexicalContext.first {
      let attributes = type.as(StructDeclSyntax.self)?.attributes
      guard let attributes, attributes.contains("Schema") else {
        context.report("field-place", "@Field is read by @Schema: put @Schema before the struct around it", at: node)
        return []
      }
    }
    if variable.isComputed || variable.modifiers.contains(.static) {
      context.report(
        "field-place", "@Field is for stored properties: this one is no part of the schema", at: node)
    }
    return []
  }
}

extension VariableDeclSyntax {
  var isComputed: Bool {
    bindings.contains { binding in
      switch binding.accessorBlock?.accessors {
      case .getter: true
      case .accessors(let list):
        list.contains { ![.keyword(.willSet), .keyword(.didSet)].contains($0.accessorSpecifier.tokenKind) }
      case nil: false
      }
    }
  }
}
