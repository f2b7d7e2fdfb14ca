import GatewayConfiguration
import GatewayPluginHost
import NIOCore

/// What the configuration says of errors by status, compiled: entries of a route go before those of the file, a status
/// before a class such as `5xx`, a class before `default`.
final class ErrorPlan: Sendable {
  enum Answer: Sendable {
    case template(ErrorTemplate)
    case handler(PluginFunction)
  }

  private let exact: [UInt16: Answer]
  /// By the first digit; `default` under 0.
  private let classes: [UInt16: Answer]
  /// How long an error handler may take.
  let patience: TimeAmount

  /// - Parameter entries: those that count more come first.
  init(_ entries: [(status: ErrorStatus, answer: Answer)], patience: TimeAmount) {
    var exact: [UInt16: Answer] = [:]
    var classes: [UInt16: Answer] = [:]
    for (status, answer) in entries {
      switch status {
      case .code(let code): exact[code] = exact[code] ?? answer
      case .range(let digit): classes[digit] = classes[digit] ?? answer
      case .any: classes[0] = classes[0] ?? answer
      }
    }
    self.exact = exact
    self.classes = classes
    self.patience = patience
  }

  private func answer(for status: UInt16) -> Answer? { exact[status] ?? classes[status / 100] ?? classes[0] }

  func template(for status: UInt16) -> ErrorTemplate? {
    if case .template(let template)? = answer(for: status) { template } else { nil }
  }

  func handler(for status: UInt16) -> PluginFunction? {
    if case .handler(let function)? = answer(for: status) { function } else { nil }
  }
}
