import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// A stored property that is a member of the JSON object.
struct SchemaField {
  let property: String
  let name: String
  let type: String
  /// It may be missing: it has a default, or is an optional variable.
  let isOptional: Bool
  /// The default's expression where the schema may show it.
  let shownDefault: String?
  let description: String?
  let options: FieldOptions

  var isRequired: Bool { !isOptional }

  /// `fields.add(…)` in the schema.
  var declaration: String {
    var text = "fields.add(\(quoted(name)), \(type).self"
    if isOptional { text += ", isRequired: false" }
    if let description { text += ", description: \(quoted(description))" }
    if let shownDefault { text += ", default: \(shownDefault) as \(type)" }
    let internalName = options.alias == nil ? nil : property.bare
    return text + options.list(internalName: internalName) + ", in: &schemas)"
  }
}

/// `@Schema` on a struct.
struct StructSchema {
  private let declaration: StructDeclSyntax
  private let options: SchemaOptions
  private let fields: [SchemaField]

  init?(_ declaration: StructDeclSyntax, _ options: SchemaOptions, in context: some MacroExpansionContext) {
    self.declaration = declaration
    self.options = options
    var fields: [SchemaField] = []
    var seen: [String: String] = [:]
    var isUsable = true
    for member in declaration.memberBlock.members {
      guard let variable = member.decl.as(VariableDeclSyntax.self), !variable.isComputed,
        !variable.modifiers.contains(.static), !variable.modifiers.contains(.lazy)
      else { continue }
      for binding in variable.bindings {
        guard let field = Self.field(binding, of: variable, in: context) else {
          isUsable = false
          continue
        }
        if let other = seen[field.name] {
          context.report("name-twice", "'\(other)' and '\(field.property)' are both called \(quoted(field.name)) in JSON", at: binding.pattern)
          isUsable = false
        }
        seen[field.name] = field.property
        fields.append(field)
      }
    }
    guard isUsable else { return nil }
    self.fields = fields
  }

  private static func field(
    _ binding: PatternBindingSyntax, of variable: VariableDeclSyntax, in context: some MacroExpansionContext
  ) -> SchemaField? {
    guard let pattern = binding.pattern.as(IdentifierPatternSyntax.self) else {
      context.report("field-pattern", "@Schema needs one name for each property: declare them one by one", at: binding.pattern)
      return nil
    }
    let property = pattern.identifier
    guard let type = binding.typeAnnotation?.type else {
      context.report(
        "field-type", "'\(property.text)' needs a type that can be read here: write it out", at: pattern,
        fix: annotating(binding))
      return nil
    }
    if type.is(TupleTypeSyntax.self) || type.is(FunctionTypeSyntax.self) {
      context.report(
        "field-json", "'\(type.trimmedDescription)' has no form in JSON; use a @Schema struct, an array or a map", at: type)
      return nil
    }
    if ["Any", "AnyObject"].contains(type.trimmedDescription) || type.is(SomeOrAnyTypeSyntax.self) {
      context.report(
        "field-json", "'\(type.trimmedDescription)' says nothing about the JSON; use a @Schema type, or JSONText for any value",
        at: type)
      return nil
    }
    let isLet = variable.bindingSpecifier.tokenKind == .keyword(.let)
    if isLet, let value = binding.initializer {
      context.report(
        "let-default", "'\(property.text)' can never be decoded: it is a constant with a value", at: value,
        fix: .replace(
          variable.bindingSpecifier,
          by: variable.bindingSpecifier.with(\.tokenKind, .keyword(.var)), "let-var", "make it a variable with a default"))
      return nil
    }
    let options = FieldOptions(variable.attributes.first("Field"), type: type, in: context)
    let value = binding.initializer?.value
    return SchemaField(
      property: property.text, name: options.alias ?? property.text.bare, type: type.trimmedDescription,
      isOptional: value != nil || (!isLet && type.optionalWrapped != nil),
      shownDefault: value.flatMap { $0.isPlainValue ? $0.trimmedDescription : nil },
      description: variable.documentation, options: options)
  }

  /// What the default itself tells about the type.
  private static func annotating(_ binding: PatternBindingSyntax) -> FixIt? {
    guard let value = binding.initializer?.value else { return nil }
    let type: String
    if value.is(StringLiteralExprSyntax.self) {
      type = "String"
    } else if value.is(IntegerLiteralExprSyntax.self) {
      type = "Int"
    } else if value.is(FloatLiteralExprSyntax.self) {
      type = "Double"
    } else if value.is(BooleanLiteralExprSyntax.self) {
      type = "Bool"
    } else {
      return nil
    }
    var annotated = binding
    annotated.pattern = binding.pattern.with(\.trailingTrivia, [])
    annotated.typeAnnotation = TypeAnnotationSyntax(
      colon: .colonToken(trailingTrivia: .space), type: TypeSyntax(IdentifierTypeSyntax(name: .identifier(type))),
      trailingTrivia: .space)
    return .replace(binding, by: annotated, "annotate", "write ': \(type)'")
  }

  // MARK: output

  func extending(_ type: some TypeSyntaxProtocol, _ missing: [TypeSyntax]) -> [ExtensionDeclSyntax] {
    let access = declaration.modifiers.access
    let name = options.nameExpression(declaration.name, declaration.genericParameterClause)
    let description = declaration.documentation.map { ", description: \(quoted($0))" } ?? ""
    let closed = options.isClosed ? ", isClosed: true" : ""
    let text = """
      extension \(type.trimmedDescription)\(inheritance(["SchemaType", "SchemaObjectType"], missing)) {
        \(access)static func schema(_ schemas: inout GatewayPlugin.SchemaCollector) -> GatewayPlugin.SchemaObject {
          schemas.object(\(name), of: Self.self\(description)\(closed))
        }
        \(access)static func fields(_ fields: inout GatewayPlugin.SchemaFields, _ schemas: inout GatewayPlugin.SchemaCollector) {
      \(fields.map { "    " + $0.declaration }.joined(separator: "\n"))
        }
        \(access)init(from value: borrowing GatewayPlugin.JSONView) throws(GatewayPlugin.DecodingFailure) {
      \(Members.decoding(fields, from: "value", indent: "    "))
      \(assignments)
        }
        \(access)func write(to json: inout GatewayPlugin.JSONWriter) {
      \(Members.writing(fields, prefix: "", indent: "    ") { "self.\($0.property)" })
        }
      }
      """
    let syntax: DeclSyntax = "\(raw: text)"
    return syntax.as(ExtensionDeclSyntax.self).map { [$0] } ?? []
  }

  /// A property with a default has it already when this runs.
  private var assignments: String {
    fields.enumerated().map { index, field in
      let value = Members.variable(index)
      return field.isRequired
        ? "    self.\(field.property) = \(value)" : "    if let \(value) { self.\(field.property) = \(value) }"
    }.joined(separator: "\n")
  }
}

/// Code that reads and writes the members of an object: one walk, names told apart by length first.
enum Members {
  static func variable(_ index: Int) -> String { "field\(index)" }

  /// Leaves the values in `field0`, `field1`…; those of fields that may be missing are optional.
  static func decoding(_ fields: [SchemaField], from value: String, indent: String) -> String {
    guard !fields.isEmpty else { return indent + "_ = try \(value).members()" }
    var lines = ["var members = try \(value).members()"]
    for (index, field) in fields.enumerated() { lines.append("var \(variable(index)): Swift.Optional<\(field.type)> = .none") }
    lines.append("while let member = members.nextMember() {")
    lines.append("  switch member.nameCount {")
    for (index, field) in fields.enumerated() {
      lines.append(
        "  case \(field.name.utf8.count) where member.isNamed(\(quoted(field.name))): \(variable(index)) = try member.decode(\(field.type).self)")
    }
    lines.append("  default: break")
    lines.append("  }")
    lines.append("}")
    for (index, field) in fields.enumerated() where field.isRequired {
      lines.append(
        "guard let \(variable(index)) else { throw GatewayPlugin.DecodingFailure.missing(\(quoted(field.name))) }")
    }
    return lines.map { indent + $0 }.joined(separator: "\n")
  }

  /// - Parameter prefix: members that come first, as JSON without the brace: `"kind":"created"`.
  static func writing(
    _ fields: [SchemaField], prefix: String, indent: String, _ value: (SchemaField) -> String
  ) -> String {
    var lines: [String] = []
    var pending = "{" + prefix
    for (index, field) in fields.enumerated() {
      if index > 0 || !prefix.isEmpty { pending += "," }
      pending += jsonString(field.name) + ":"
      lines.append("json.raw(\(quoted(pending)))")
      pending = ""
      lines.append("\(value(field)).write(to: &json)")
    }
    lines.append("json.raw(\(quoted(pending + "}")))")
    return lines.map { indent + $0 }.joined(separator: "\n")
  }

  /// RFC 8259 §7.
  static func jsonString(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": json += "\\" + String(scalar)
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        json += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }
}
