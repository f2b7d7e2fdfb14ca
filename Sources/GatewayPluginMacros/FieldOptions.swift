import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// The options of a `@Field` or of a parameter's attribute, and whether they can mean anything for the type.
struct FieldOptions {
  /// The name in JSON or in the request, where it is given.
  var alias: String?
  /// Expressions of type `FieldOption`.
  var expressions: [ExprSyntax] = []

  var list: String { list(internalName: nil) }

  /// - Parameter internalName: what the code calls a field that has an alias.
  func list(internalName: String?) -> String {
    let options = expressions.map(\.trimmedDescription) + (internalName.map { [".internalName(\(quoted($0)))"] } ?? [])
    return options.isEmpty ? "" : ", [" + options.joined(separator: ", ") + "]"
  }

  init() {}

  init(_ attribute: AttributeSyntax?, type: TypeSyntax, in context: some MacroExpansionContext) {
    for argument in attribute?.argumentList ?? [] {
      let expression = argument.expression
      if expression.is(StringLiteralExprSyntax.self) {
        guard let name = expression.literalText, !name.isEmpty else {
          context.report("alias-literal", "a name is a string literal without interpolation, and not empty", at: expression)
          continue
        }
        alias = name
        continue
      }
      guard let option = Self.name(expression) else {
        expressions.append(expression)
        continue
      }
      if option == "alias" {
        let name = expression.as(FunctionCallExprSyntax.self)?.arguments.first?.expression
        guard let text = name?.literalText, !text.isEmpty else {
          context.report(
            "alias-literal", "a name is a string literal without interpolation, and not empty", at: name ?? expression)
          continue
        }
        alias = text
        continue
      }
      Self.check(option, expression, type, in: context)
      expressions.append(expression)
    }
  }

  /// `minLength` of `.minLength(1)`, `FieldOption.minLength(1)` and `.uniqueItems`.
  private static func name(_ expression: ExprSyntax) -> String? {
    let called = expression.as(FunctionCallExprSyntax.self)?.calledExpression ?? expression
    return called.as(MemberAccessExprSyntax.self)?.declName.baseName.text
  }

  // MARK: fit

  private enum Family: String {
    case text = "strings"
    case number = "numbers"
    case array = "arrays"
    case map = "maps"
    case boolean = "booleans"
  }

  private static let constraints: [String: Family] = [
    "minLength": .text, "maxLength": .text, "pattern": .text, "format": .text,
    "range": .number, "minimum": .number, "maximum": .number, "exclusiveMinimum": .number, "exclusiveMaximum": .number,
    "multipleOf": .number,
    "minItems": .array, "maxItems": .array, "uniqueItems": .array, "items": .array,
    "minProperties": .map, "maxProperties": .map,
  ]

  /// What says the same of the other family.
  private static let counterparts: [String: [Family: String]] = [
    "minLength": [.number: "minimum", .array: "minItems", .map: "minProperties"],
    "maxLength": [.number: "maximum", .array: "maxItems", .map: "maxProperties"],
    "minimum": [.text: "minLength", .array: "minItems"], "maximum": [.text: "maxLength", .array: "maxItems"],
    "minItems": [.text: "minLength", .number: "minimum", .map: "minProperties"],
    "maxItems": [.text: "maxLength", .number: "maximum", .map: "maxProperties"],
  ]

  /// Nil for types that are not known here: their schema decides.
  private static func family(_ type: TypeSyntax) -> Family? {
    if let wrapped = type.optionalWrapped { return family(wrapped) }
    if type.is(ArrayTypeSyntax.self) { return .array }
    if type.is(DictionaryTypeSyntax.self) { return .map }
    switch type.baseName {
    case "String", "UniqueID", "UUID", "Timestamp", "CalendarDate", "Date", "URL": return .text
    case "Int", "Int8", "Int16", "Int32", "Int64", "UInt", "UInt8", "UInt16", "UInt32", "UInt64", "Double", "Float",
      "ExactDecimal", "Decimal":
      return .number
    case "Array", "Set": return .array
    case "Dictionary": return .map
    case "Bool": return .boolean
    default: return nil
    }
  }

  private static func check(
    _ option: String, _ expression: ExprSyntax, _ type: TypeSyntax, in context: some MacroExpansionContext
  ) {
    guard let wanted = constraints[option], let found = family(type), wanted != found else { return }
    var fix: FixIt?
    if let other = counterparts[option]?[found], let call = expression.as(FunctionCallExprSyntax.self) {
      let access = MemberAccessExprSyntax(declName: DeclReferenceExprSyntax(baseName: .identifier(other)))
      fix = .replace(
        call.calledExpression, by: ExprSyntax(access).with(\.leadingTrivia, call.calledExpression.leadingTrivia),
        "counterpart", "use '.\(other)'")
    }
    let hint = fix == nil ? "; remove it" : ""
    context.report(
      "option-misfit", "'.\(option)' is for \(wanted.rawValue), and '\(type.trimmedDescription)' is one of the \(found.rawValue)\(hint)",
      at: expression, fix: fix)
  }
}
