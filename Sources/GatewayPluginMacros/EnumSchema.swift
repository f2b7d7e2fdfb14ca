import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// `@Schema` on an enum: one of some values, or a union of objects.
struct EnumSchema {
  private enum Form {
    /// The raw type's values.
    case raw
    /// Without raw values: the names of the cases.
    case names
    case union(discriminator: String, [UnionCase])
  }

  private struct UnionCase {
    let name: String
    /// Fields of its object, by their labels; nil where a struct brings them.
    let fields: [SchemaField]?
    let payload: String?
    var tag: String { name.bare }
  }

  private let declaration: EnumDeclSyntax
  private let options: SchemaOptions
  private let form: Form
  private let cases: [EnumCaseElementSyntax]

  init?(
    _ declaration: EnumDeclSyntax, _ node: AttributeSyntax, _ options: SchemaOptions,
    in context: some MacroExpansionContext
  ) {
    self.declaration = declaration
    self.options = options
    cases = declaration.memberBlock.members.compactMap { $0.decl.as(EnumCaseDeclSyntax.self) }.flatMap(\.elements)
    guard !cases.isEmpty else {
      context.report("enum-empty", "an enum without cases has no values to describe; add a case", at: declaration.name)
      return nil
    }
    let discriminator = node.argument("discriminator")
    guard let withValues = cases.first(where: { $0.parameterClause != nil }) else {
      if let discriminator {
        context.report(
          "discriminator-plain", "no case has associated values, so there is nothing for 'discriminator' to tell apart; remove it",
          at: discriminator)
        return nil
      }
      let raw = declaration.inheritanceClause?.inheritedTypes.first?.type.baseName ?? ""
      let isRaw = Self.rawTypes.contains(raw) || cases.contains { $0.rawValue != nil }
      form = isRaw ? .raw : .names
      return
    }
    guard let discriminator else {
      context.report(
        "union-discriminator",
        "an enum with associated values needs a discriminator: the member of the JSON object that tells the case",
        at: withValues, fix: Self.addDiscriminator(node))
      return nil
    }
    guard let member = discriminator.literalText, !member.isEmpty else {
      context.report("discriminator-literal", "'discriminator' is a string literal", at: discriminator)
      return nil
    }
    var union: [UnionCase] = []
    for element in cases {
      guard let entry = Self.unionCase(element, member, in: context) else { return nil }
      union.append(entry)
    }
    form = .union(discriminator: member, union)
  }

  private static let rawTypes: Set<String> = [
    "String", "Int", "Int8", "Int16", "Int32", "Int64", "UInt", "UInt8", "UInt16", "UInt32", "UInt64", "Double", "Float",
  ]

  private static func addDiscriminator(_ node: AttributeSyntax) -> FixIt {
    var fixed = node
    var arguments = node.argumentList ?? []
    if let last = arguments.indices.last { arguments[last].trailingComma = .commaToken(trailingTrivia: .space) }
    arguments.append(
      LabeledExprSyntax(
        label: .identifier("discriminator"), colon: .colonToken(trailingTrivia: .space),
        expression: StringLiteralExprSyntax(content: "kind")))
    fixed.leftParen = .leftParenToken()
    fixed.arguments = .argumentList(arguments)
    fixed.rightParen = .rightParenToken()
    fixed.attributeName = node.attributeName.with(\.trailingTrivia, [])
    fixed.trailingTrivia = node.trailingTrivia
    return .replace(node, by: fixed, "add-discriminator", "add 'discriminator: \"kind\"'")
  }

  private static func unionCase(
    _ element: EnumCaseElementSyntax, _ discriminator: String, in context: some MacroExpansionContext
  ) -> UnionCase? {
    let values = element.parameterClause?.parameters ?? []
    if values.count == 1, let only = values.first, only.firstName == nil || only.firstName?.text == "_" {
      return UnionCase(name: element.name.text, fields: nil, payload: only.type.trimmedDescription)
    }
    var fields: [SchemaField] = []
    for value in values {
      guard let label = value.firstName, label.text != "_" else {
        context.report(
          "union-label", "with several values each needs a label: its name in the JSON object", at: value.type)
        return nil
      }
      guard label.text.bare != discriminator else {
        context.report("union-taken", "'\(label.text)' is the discriminator; call the value something else", at: label)
        return nil
      }
      let shown = value.defaultValue?.value
      fields.append(
        SchemaField(
          property: label.text, name: label.text.bare, type: value.type.trimmedDescription,
          isOptional: shown != nil || value.type.optionalWrapped != nil,
          shownDefault: shown.flatMap { $0.isPlainValue ? $0.trimmedDescription : nil }, description: nil,
          options: FieldOptions()))
    }
    return UnionCase(name: element.name.text, fields: fields, payload: nil)
  }

  // MARK: output

  func extending(_ type: some TypeSyntaxProtocol, _ missing: [TypeSyntax]) -> [ExtensionDeclSyntax] {
    let text: String
    let type = type.trimmedDescription + inheritance(["SchemaType"], missing)
    switch form {
    case .raw: text = raw(type)
    case .names: text = names(type)
    case .union(let discriminator, let cases): text = union(type, discriminator, cases)
    }
    let syntax: DeclSyntax = "\(raw: text)"
    return syntax.as(ExtensionDeclSyntax.self).map { [$0] } ?? []
  }

  private var access: String { declaration.modifiers.access }
  private var name: String { options.nameExpression(declaration.name, declaration.genericParameterClause) }
  private var description: String {
    declaration.documentation.map { ", description: \(quoted($0))" } ?? ""
  }
  private var schemaHead: String {
    "\(access)static func schema(_ schemas: inout GatewayPlugin.SchemaCollector) -> GatewayPlugin.SchemaObject"
  }
  private var decodeHead: String {
    "\(access)init(from value: borrowing GatewayPlugin.JSONView) throws(GatewayPlugin.DecodingFailure)"
  }

  /// Decoding and encoding go through the raw value; the protocol brings them.
  private func raw(_ type: String) -> String {
    let values = cases.map { "Self.\($0.name.text).rawValue" }.joined(separator: ", ")
    return """
      extension \(type) {
        \(schemaHead) {
          schemas.enumeration(\(name), of: Self.self, [\(values)]\(description))
        }
      }
      """
  }

  private func names(_ type: String) -> String {
    let values = cases.map { quoted($0.name.text.bare) }.joined(separator: ", ")
    let decoding = cases.map { "    case \(quoted($0.name.text.bare)): self = .\($0.name.text)" }
    let encoding = cases.map {
      "    case .\($0.name.text): json.raw(\(quoted(Members.jsonString($0.name.text.bare))))"
    }
    return """
      extension \(type) {
        \(schemaHead) {
          schemas.enumeration(\(name), of: Self.self, [\(values)]\(description))
        }
        \(decodeHead) {
          switch try value.string() {
      \(decoding.joined(separator: "\n"))
          default: throw GatewayPlugin.DecodingFailure("the value is none of those allowed", type: "enum")
          }
        }
        \(access)func write(to json: inout GatewayPlugin.JSONWriter) {
          switch self {
      \(encoding.joined(separator: "\n"))
          }
        }
      }
      """
  }

  private func union(_ type: String, _ discriminator: String, _ cases: [UnionCase]) -> String {
    let closed = options.isClosed ? ", isClosed: true" : ""
    let schemas = cases.map { entry -> String in
      guard let fields = entry.fields else {
        return "        (\(quoted(entry.tag)), { fields, schemas in \(entry.payload ?? "Self").fields(&fields, &schemas) }),"
      }
      guard !fields.isEmpty else { return "        (\(quoted(entry.tag)), { _, _ in })," }
      let lines = fields.map { "          " + $0.declaration }.joined(separator: "\n")
      return "        (\(quoted(entry.tag)), { fields, schemas in\n\(lines)\n        }),"
    }
    return """
      extension \(type) {
        \(schemaHead) {
          schemas.union(\(name), of: Self.self, discriminator: \(quoted(discriminator))\(description)\(closed), [
      \(schemas.joined(separator: "\n"))
          ])
        }
        \(decodeHead) {
          switch try value.discriminator(\(quoted(discriminator))) {
      \(cases.map(decoding).joined(separator: "\n"))
          default: throw GatewayPlugin.DecodingFailure.unknownTag(\(quoted(discriminator)))
          }
        }
        \(access)func write(to json: inout GatewayPlugin.JSONWriter) {
          switch self {
      \(cases.map { encoding($0, discriminator) }.joined(separator: "\n"))
          }
        }
      }
      """
  }

  private func decoding(_ entry: UnionCase) -> String {
    let head = "    case \(quoted(entry.tag)):"
    guard let fields = entry.fields else {
      return head + "\n      self = .\(entry.name)(try \(entry.payload ?? "Self")(from: value))"
    }
    guard !fields.isEmpty else { return head + "\n      self = .\(entry.name)" }
    let values = fields.enumerated().map { index, field in
      let variable = Members.variable(index)
      let value = field.isRequired ? variable : "\(variable) ?? \(fallback(field, of: entry))"
      return "\(field.property): \(value)"
    }
    return head + "\n" + Members.decoding(fields, from: "value", indent: "      ")
      + "\n      self = .\(entry.name)(\(values.joined(separator: ", ")))"
  }

  /// The default of an associated value; of an optional one nil.
  private func fallback(_ field: SchemaField, of entry: UnionCase) -> String {
    let element = cases.first { $0.name.text == entry.name }
    let value = element?.parameterClause?.parameters.first { $0.firstName?.text == field.property }?.defaultValue?.value
    return value.map { "(\($0.trimmedDescription))" } ?? "nil"
  }

  private func encoding(_ entry: UnionCase, _ discriminator: String) -> String {
    guard let fields = entry.fields else {
      return "    case .\(entry.name)(let payload): json.tagged(\(quoted(discriminator)), \(quoted(entry.tag)), payload)"
    }
    let prefix = Members.jsonString(discriminator) + ":" + Members.jsonString(entry.tag)
    guard !fields.isEmpty else { return "    case .\(entry.name): json.raw(\(quoted("{\(prefix)}")))" }
    let names = fields.indices.map { "let \(Members.variable($0))" }.joined(separator: ", ")
    var index = -1
    let lines = Members.writing(fields, prefix: prefix, indent: "      ") { _ in
      index += 1
      return Members.variable(index)
    }
    return "    case .\(entry.name)(\(names)):\n\(lines)"
  }
}
