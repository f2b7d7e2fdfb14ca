import SwiftDiagnostics
import SwiftSyntax
import SwiftSyntaxMacros

/// A mistake in the author's code, with what to do about it.
struct Problem: DiagnosticMessage {
  let id: String
  let message: String
  var severity = DiagnosticSeverity.error

  var diagnosticID: MessageID { MessageID(domain: "GatewayPluginMacros", id: id) }
}

struct Remedy: FixItMessage {
  let message: String
  let fixItID: MessageID

  init(_ id: String, _ message: String) {
    self.message = message
    fixItID = MessageID(domain: "GatewayPluginMacros", id: id)
  }
}

extension MacroExpansionContext {
  func report(_ id: String, _ message: String, at node: some SyntaxProtocol, fix: FixIt? = nil) {
    diagnose(
      Diagnostic(node: node, message: Problem(id: id, message: message), fixIts: fix.map { [$0] } ?? []))
  }
}

extension FixIt {
  static func replace(_ old: some SyntaxProtocol, by new: some SyntaxProtocol, _ id: String, _ message: String) -> FixIt {
    FixIt(message: Remedy(id, message), changes: [.replace(oldNode: Syntax(old), newNode: Syntax(new))])
  }
}
