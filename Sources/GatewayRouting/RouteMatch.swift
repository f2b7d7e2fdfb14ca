import GatewayHTTP

/// What a table says about a request.
public enum RouteMatch: Sendable, Equatable {
  /// The index that was given to `RouteTable.Builder.add`.
  case route(Int)
  /// Routes have this host and path, but none of them takes the method. The set is ready for `Allow`
  /// (RFC 9110 §15.5.6): the union over all of them, with HEAD where GET is and always with OPTIONS.
  case methodNotAllowed(HTTPMethodSet)
  case notFound
}
