import SwiftSyntax

extension AttributeListSyntax {
  func first(_ name: String) -> AttributeSyntax? {
    lazy.compactMap { $0.as(AttributeSyntax.self) }.first { $0.name == name }
  }

  func contains(_ name: String) -> Bool { first(name) != nil }
}

extension AttributeSyntax {
  /// Without the module: `Schema` for `@GatewayPlugin.Schema`.
  var name: String {
    if let member = attributeName.as(MemberTypeSyntax.self) { return member.name.text }
    return attributeName.as(IdentifierTypeSyntax.self)?.name.text ?? ""
  }

  var argumentList: LabeledExprListSyntax? { arguments?.as(LabeledExprListSyntax.self) }

  func argument(_ label: String) -> ExprSyntax? { argumentList?.first { $0.label?.text == label }?.expression }

  func unlabeled(_ index: Int) -> ExprSyntax? {
    (argumentList ?? []).lazy.filter { $0.label == nil }.dropFirst(index).first?.expression
  }

  func isTrue(_ label: String) -> Bool { argument(label)?.trimmedDescription == "true" }
}

extension ExprSyntax {
  /// The text of a string literal without interpolation.
  var literalText: String? { self.as(StringLiteralExprSyntax.self)?.representedLiteralValue }

  /// Whether evaluating it when the plugin is loaded is as good as later: literals, and cases of enums.
  var isPlainValue: Bool {
    if self.is(IntegerLiteralExprSyntax.self) || self.is(FloatLiteralExprSyntax.self)
      || self.is(BooleanLiteralExprSyntax.self)
    {
      return true
    }
    if self.is(StringLiteralExprSyntax.self) { return literalText != nil }
    if let prefix = self.as(PrefixOperatorExprSyntax.self) { return prefix.expression.isPlainValue }
    if let array = self.as(ArrayExprSyntax.self) { return array.elements.allSatisfy { $0.expression.isPlainValue } }
    if let map = self.as(DictionaryExprSyntax.self) {
      guard case .elements(let elements) = map.content else { return true }
      return elements.allSatisfy { $0.key.isPlainValue && $0.value.isPlainValue }
    }
    if let member = self.as(MemberAccessExprSyntax.self) { return member.base == nil }
    return false
  }
}

extension TypeSyntax {
  /// What is optional, where this is: `T` of `T?` and `Optional<T>`.
  var optionalWrapped: TypeSyntax? {
    if let optional = self.as(OptionalTypeSyntax.self) { return optional.wrappedType }
    if let optional = self.as(ImplicitlyUnwrappedOptionalTypeSyntax.self) { return optional.wrappedType }
    guard let named = self.as(IdentifierTypeSyntax.self), named.name.text == "Optional",
      let argument = named.genericArgumentClause?.arguments.first?.argument
    else { return nil }
    return TypeSyntax(argument)
  }

  /// The last part of a type's name: `Request` of `borrowing GatewayPlugin.Request`.
  var baseName: String {
    if let attributed = self.as(AttributedTypeSyntax.self) { return attributed.baseType.baseName }
    if let member = self.as(MemberTypeSyntax.self) { return member.name.text }
    return self.as(IdentifierTypeSyntax.self)?.name.text ?? ""
  }
}

extension SyntaxProtocol {
  /// The doc comment before it, without the marks; paragraphs stay apart.
  var documentation: String? {
    var lines: [String] = []
    for piece in leadingTrivia {
      switch piece {
      case .docLineComment(let text):
        let line = text.dropFirst(3)
        lines.append(String(line.first == " " ? line.dropFirst() : line))
      case .docBlockComment(let text):
        for line in text.dropFirst(3).dropLast(2).split(separator: "\n", omittingEmptySubsequences: false) {
          let bare = line.drop { $0 == " " || $0 == "\t" }
          lines.append(String(bare.hasPrefix("* ") ? bare.dropFirst(2) : bare.hasPrefix("*") ? bare.dropFirst() : bare))
        }
      case .newlines(let count) where count > 1: lines = []
      default: break
      }
    }
    // What documents the parameters is for readers of the code.
    if let end = lines.firstIndex(where: { $0.hasPrefix("- Parameter") || $0.hasPrefix("- Returns") || $0.hasPrefix("- Throws") }) {
      lines = Array(lines[..<end])
    }
    while lines.last.map({ $0.allSatisfy(\.isWhitespace) }) == true { lines.removeLast() }
    while lines.first.map({ $0.allSatisfy(\.isWhitespace) }) == true { lines.removeFirst() }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }
}

/// A string literal that means `text`.
func quoted(_ text: String) -> String {
  var literal = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"", "\\": literal += "\\" + String(scalar)
    case "\n": literal += "\\n"
    case "\r": literal += "\\r"
    case "\t": literal += "\\t"
    case _ where scalar.value < 0x20: literal += "\\u{" + String(scalar.value, radix: 16) + "}"
    default: literal.unicodeScalars.append(scalar)
    }
  }
  return literal + "\""
}

extension DeclModifierListSyntax {
  func contains(_ keyword: Keyword) -> Bool { contains { $0.name.tokenKind == .keyword(keyword) } }

  /// What members of an extension need to be as visible as the type.
  var access: String {
    if contains(.public) || contains(.open) { return "public " }
    return contains(.package) ? "package " : ""
  }
}
