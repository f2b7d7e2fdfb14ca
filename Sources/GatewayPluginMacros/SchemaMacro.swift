import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// `@Schema`: an extension with the schema, `init(from:)` and `write(to:)`.
struct SchemaMacro: ExtensionMacro {
  static func expansion(
    of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
    providingExtensionsOf type: some TypeSyntaxProtocol, conformingTo protocols: [TypeSyntax],
    in context: some MacroExpansionContext
  ) throws -> [ExtensionDeclSyntax] {
    guard let options = SchemaOptions(node, in: context) else { return [] }
    if let structure = declaration.as(StructDeclSyntax.self) {
      if let discriminator = node.argument("discriminator") {
        context.report("discriminator-struct", "'discriminator' is for enums with associated values; remove it", at: discriminator)
        return []
      }
      return StructSchema(structure, options, in: context).map { $0.extending(type, protocols) } ?? []
    }
    if let enumeration = declaration.as(EnumDeclSyntax.self) {
      return EnumSchema(enumeration, node, options, in: context).map { $0.extending(type, protocols) } ?? []
    }
    let keyword: TokenSyntax
    var fix: FixIt?
    if let object = declaration.as(ClassDeclSyntax.self) {
      keyword = object.classKeyword
      fix = .replace(
        keyword, by: keyword.with(\.tokenKind, .keyword(.struct)), "class-struct", "make it a struct")
    } else if let object = declaration.as(ActorDeclSyntax.self) {
      keyword = object.actorKeyword
      fix = .replace(
        keyword, by: keyword.with(\.tokenKind, .keyword(.struct)), "class-struct", "make it a struct")
    } else {
      keyword = declaration.introducer
    }
    context.report(
      "schema-kind", "@Schema is for structs and enums: values without identity; this is \(keyword.text == "actor" ? "an" : "a") \(keyword.text)",
      at: keyword, fix: fix)
    return []
  }
}

/// `: SchemaType`, or nothing where the author wrote it already.
func inheritance(_ names: [String], _ missing: [TypeSyntax]) -> String {
  let wanted = names.filter { name in missing.contains { $0.baseName == name } }
  return wanted.isEmpty ? "" : ": " + wanted.map { "GatewayPlugin." + $0 }.joined(separator: ", ")
}

/// The arguments of `@Schema` and what the declaration says about itself.
struct SchemaOptions {
  var name: String?
  var isClosed: Bool

  init?(_ node: AttributeSyntax, in context: some MacroExpansionContext) {
    isClosed = node.isTrue("closed")
    guard let written = node.argument("name"), written.trimmedDescription != "nil" else { return }
    guard let text = written.literalText, !text.isEmpty,
      text.utf8.allSatisfy({ ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || "._-".utf8.contains($0) })
    else {
      context.report("schema-name", "a schema's name is a string literal of letters, digits, '.', '-' and '_'", at: written)
      return nil
    }
    name = text
  }

  /// An expression for the schema's name. Generic types are called by their arguments too.
  func nameExpression(_ name: TokenSyntax, _ generics: GenericParameterClauseSyntax?) -> String {
    if let own = self.name { return quoted(own) }
    return generics == nil ? quoted(name.text.bare) : "\"\\(Self.self)\""
  }
}

extension String {
  /// Without the backticks of an escaped name.
  var bare: String { hasPrefix("`") && hasSuffix("`") && count > 2 ? String(dropFirst().dropLast()) : self }
}

extension DeclGroupSyntax {
  fileprivate var introducer: TokenSyntax {
    (self as (any DeclGroupSyntax)).firstToken(viewMode: .sourceAccurate) ?? .identifier("declaration")
  }
}
