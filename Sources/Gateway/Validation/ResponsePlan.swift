import GatewayConfiguration
import GatewayJSON
import GatewaySchema

/// What a route promises of its responses, where that is looked at.
struct ResponsePlan: Sendable {
  struct Entry: Sendable {
    let status: UInt16
    let schema: Schema
    let options: ShapeOptions
  }

  /// By status; few.
  var entries: [Entry] = []
  /// A response that does not fit becomes a 500; otherwise it is sent as it is.
  var isEnforced = false

  var isEmpty: Bool { entries.isEmpty }

  func entry(for status: UInt16) -> Entry? { entries.first { $0.status == status } }
}

extension Assembler {
  /// Empty where `validation.responses` is `off`, but for responses that leave members out: those have to be written
  /// anew.
  mutating func responsePlan(_ route: Route) -> ResponsePlan {
    let mode = file.responseValidation(of: route)
    var plan = ResponsePlan()
    plan.isEnforced = mode == .enforce
    guard case .handler = route.action else { return plan }
    for response in route.responses {
      let options = ShapeOptions(
        excludesNull: response.excludesNone ?? false, excludesDefaults: response.excludesDefaults ?? false)
      guard mode != .off || options.excludesNull || options.excludesDefaults else { continue }
      let json = response.content?.first { $0.mediaType.value == "application/json" }?.schema
      guard let reference = response.schema ?? json, let status = UInt16(exactly: response.status.value),
        let schema = compiled(reference, route.plugin, "response \(status) of \(route.match.path.value)")
      else { continue }
      plan.entries.append(ResponsePlan.Entry(status: status, schema: schema, options: options))
    }
    return plan
  }
}
