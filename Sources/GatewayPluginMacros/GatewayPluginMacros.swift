import SwiftCompilerPlugin
import SwiftSyntaxMacros

@main
struct GatewayPluginMacros: CompilerPlugin {
  let providingMacros: [any Macro.Type] = [
    SchemaMacro.self, FieldMacro.self, PluginMacro.self, HandlerMacro.self, ProviderMacro.self,
    PolicyMacro.self, ErrorHandlerMacro.self,
  ]
}
