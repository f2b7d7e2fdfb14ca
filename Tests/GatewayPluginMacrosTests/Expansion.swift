import SwiftBasicFormat
import SwiftDiagnostics
import SwiftParser
import SwiftSyntax
import SwiftSyntaxMacroExpansion
import SwiftSyntaxMacros

@testable import GatewayPluginMacros

/// Swift source with its macros expanded, and what they had to say.
struct Expansion {
  /// `line:column: message`, and `-> remedy` where there is one.
  let findings: [String]
  /// The source after the first remedy.
  let mended: String
  let expanded: String

  private static let macros: [String: any Macro.Type] = [
    "Schema": SchemaMacro.self, "Field": FieldMacro.self, "Plugin": PluginMacro.self, "Handler": HandlerMacro.self,
    "Provider": ProviderMacro.self, "ErrorHandler": ErrorHandlerMacro.self, "Policy": PolicyMacro.self,
  ]

  init(_ source: String) {
    let file = Parser.parse(source: source)
    let context = BasicMacroExpansionContext(
      sourceFiles: [file: .init(moduleName: "Test", fullFilePath: "test.swift")])
    let specs = Self.macros.mapValues { type in
      let conformances: [TypeSyntax] =
        type == SchemaMacro.self ? ["SchemaType", "SchemaObjectType"] : type == PluginMacro.self ? ["Sendable"] : []
      return MacroSpec(type: type, conformances: conformances)
    }
    let result = file.expand(macroSpecs: specs) { syntax in
      BasicMacroExpansionContext(sharingWith: context, lexicalContext: syntax.allMacroLexicalContexts())
    }
    expanded = result.formatted(using: BasicFormat(indentationWidth: .spaces(2))).description
    findings = context.diagnostics.map { diagnostic in
      let location = context.location(for: diagnostic.position, anchoredAt: diagnostic.node, fileName: "test.swift")
      let fixes = diagnostic.fixIts.map { " -> \($0.message.message)" }.joined()
      return "\(location.line):\(location.column): \(diagnostic.message)\(fixes)"
    }
    var mended = source
    if let fix = context.diagnostics.first?.fixIts.first {
      let edits = fix.changes.compactMap { change -> (Range<Int>, String)? in
        guard case .replace(let old, let new) = change else { return nil }
        let start = context.location(for: old.position, anchoredAt: old, fileName: "test.swift").offset
        return (start..<start + old.totalLength.utf8Length, new.description)
      }
      var bytes = Array(source.utf8)
      for (range, text) in edits.sorted(by: { $0.0.lowerBound > $1.0.lowerBound }) {
        bytes.replaceSubrange(range, with: Array(text.utf8))
      }
      mended = String(decoding: bytes, as: UTF8.self)
    }
    self.mended = mended
  }
}
