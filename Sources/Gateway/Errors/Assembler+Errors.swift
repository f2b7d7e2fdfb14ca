import GatewayConfiguration
import GatewayPluginHost
import NIOCore

extension Assembler {
  /// How errors of the whole gateway are answered.
  mutating func errorResponder(_ settings: ErrorSettings) -> ErrorResponder {
    ErrorResponder(shape: settings.shape ?? .detail, plan: plan(settings.responses, settings))
  }

  /// How errors of a route are answered; nil where it is as for the whole gateway.
  mutating func errorResponder(of route: Route) -> ErrorResponder? {
    guard let settings = route.errors else { return nil }
    return ErrorResponder(
      shape: file.errorShape(of: route), plan: plan(settings.responses + file.errors.responses, settings))
  }

  private mutating func plan(_ responses: [ErrorResponse], _ settings: ErrorSettings) -> ErrorPlan? {
    var entries: [(status: ErrorStatus, answer: ErrorPlan.Answer)] = []
    for response in responses {
      if let reference = response.handler {
        guard let handler = errorHandler(reference) else { continue }
        entries.append((response.status, .handler(handler.function)))
      } else {
        entries.append((response.status, .template(ErrorTemplate(response.body, headers: response.headers))))
      }
    }
    guard !entries.isEmpty else { return nil }
    let patience = settings.handlerTimeout ?? file.errors.handlerTimeout
    return ErrorPlan(entries, patience: patience.map { TimeAmount($0) } ?? .seconds(2))
  }

  private mutating func errorHandler(_ reference: PluginReference) -> PluginHandler? {
    guard let plugin = plugins[reference.plugin.value] else { return nil }
    if let handler = plugin.errorHandler(named: reference.member.value) { return handler }
    // Once for all routes that share it.
    guard !diagnostics.hasError(within: reference.member) else { return nil }
    let names = plugin.errorHandlers.map(\.name)
    let isHandler = plugin.handler(named: reference.member.value) != nil
    diagnostics.error(
      .unknownReference, "plugin `\(reference.plugin.value)` has no error handler `\(reference.member.value)`",
      at: reference.member, expected: names.isEmpty ? "it has none" : names.joined(separator: ", "),
      suggestion: NearestWord.of(reference.member.value, among: names),
      help: isHandler ? "that is a handler of requests; an error handler is declared as one in the plugin" : nil)
    return nil
  }
}
