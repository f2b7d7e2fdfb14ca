import GatewayPlugin

/// What `timing` writes into `server-timing`.
@Schema(closed: true)
struct Timing {
  /// What is measured, as browsers show it.
  @Field(.pattern("^[a-z][a-z0-9-]*$")) var metric: String = "app"

  func field(_ duration: Duration) -> String {
    "\(metric);dur=\(Double(duration / .microseconds(1)).rounded() / 1000)"
  }
}
