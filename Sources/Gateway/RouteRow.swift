import GatewayConfiguration
import GatewayHTTP

/// One route, as `gateway routes` prints it.
public struct RouteRow: Sendable, Hashable {
  public var methods: String
  public var host: String
  public var path: String
  public var action: String
  public var name: String

  static func rows(of gateway: LoadedGateway) -> [RouteRow] {
    guard let file = gateway.file, let snapshot = gateway.snapshot else { return [] }
    // Without a mistake every route of the file was compiled, so the indexes are the same.
    return snapshot.table.pointer.pointee.orderedRoutes().compactMap { index in
      guard file.routes.indices.contains(index) else {
        let document = snapshot.documents[index - file.routes.count]
        return RouteRow(
          methods: "GET", host: document.host ?? "*", path: document.path.value, action: document.label, name: "")
      }
      let route = file.routes[index]
      return RouteRow(
        methods: route.match.methods.isEmpty ? "*" : route.match.methods.map(\.value).joined(separator: ","),
        host: route.match.host?.value ?? "*", path: route.match.path.value, action: text(route.action),
        name: route.name?.value ?? "")
    }
  }

  static func text(_ action: GatewayConfiguration.RouteAction) -> String {
    switch action {
    case .handler(let reference): "handler \(reference)"
    case .proxy(let proxy): "proxy \(proxy.upstream.value)\(proxy.path.map { " \($0.value)" } ?? "")"
    case .redirect(let redirect): "redirect \(redirect.status) \(redirect.to.value)"
    case .respond(let respond): "respond \(respond.status)"
    case .health(let probe): "health \(probe.rawValue)"
    case .metrics(let format): "metrics \(format.rawValue)"
    }
  }
}
