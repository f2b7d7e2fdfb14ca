/// Which of our targets each target may import. The one place where an arrow between targets is allowed.
enum ImportTable {
  static let allowed: [String: Set<String>] = [
    "CLibYAML": [],
    "CZlib": [],
    "CGatewayPlugin": [],
    "CGatewayPluginNote": ["CGatewayPlugin"],
    "GatewayPlugin": ["CGatewayPlugin", "CGatewayPluginNote", "GatewayPluginMacros"],
    "GatewayPluginMacros": [],
    "GatewayPluginFoundation": ["GatewayPlugin"],
    "GatewayJSON": [],
    "GatewaySchema": ["GatewayJSON"],
    "GatewayYAML": ["CLibYAML"],
    "GatewayConfiguration": ["GatewayYAML", "GatewayJSON", "GatewaySchema"],
    "GatewayHTTP": [],
    "GatewayBodies": ["GatewayHTTP", "CZlib"],
    "GatewayFiles": ["GatewayHTTP"],
    "GatewayOpenAPI": ["CGatewayDocsPage", "CSHA256", "GatewayJSON", "GatewayYAML"],
    "GatewayRouting": ["GatewayHTTP"],
    "GatewayWiring": [],
    "CLoopWatch": ["CGatewayPlugin"],
    "CSHA256": [],
    "GatewayPluginHost": ["CGatewayPlugin", "CLoopWatch", "CSHA256", "GatewayHTTP"],
    "CWorkerProcess": [],
    "GatewayIsolation": ["CGatewayPlugin", "CWorkerProcess", "GatewayHTTP", "GatewayPluginHost"],
    "GatewayPolicies": ["GatewayHTTP"],
    "GatewayProxy": ["GatewayHTTP"],
    "GatewayServer": ["GatewayHTTP"],
    "GatewayTelemetry": ["GatewayHTTP"],
    "CGatewayDocsPage": [],
    "Gateway": [
      "CGatewayPlugin", "GatewayJSON", "GatewaySchema", "GatewayYAML", "GatewayConfiguration", "GatewayHTTP",
      "GatewayBodies", "GatewayFiles", "GatewayIsolation", "GatewayOpenAPI", "GatewayRouting", "GatewayWiring",
      "GatewayPluginHost", "GatewayPolicies", "GatewayProxy", "GatewayServer", "GatewayTelemetry",
    ],
    "GatewayTesting": [
      "Gateway", "GatewayPlugin", "CGatewayPlugin", "GatewayPluginHost", "GatewayHTTP", "GatewayJSON",
    ],
    "gateway": ["Gateway"],
  ]

  /// Every target below `Plugins/`.
  static let allowedInPlugins: Set<String> = ["CGatewayPlugin", "GatewayPlugin", "GatewayPluginFoundation"]

  static func allowed(area: String, target: String) -> Set<String>? {
    area == "Plugins" ? allowedInPlugins : allowed[target]
  }

  /// Where code that needs the refused import belongs instead.
  static func remedy(area: String, target: String, imported: String) -> String {
    if area == "Plugins" {
      return "a plugin sees nothing of the gateway but GatewayPlugin; what is missing there belongs into the SDK"
    }
    switch (target, imported) {
    case ("GatewayTesting", _): return "test support sees the gateway through Gateway; offer there what it needs"
    case ("GatewayPlugin", _):
      return "the SDK is linked into plugins and knows the contract alone; host-side code belongs in GatewayPluginHost"
    case (_, "GatewayPlugin"):
      return "the host knows plugins through CGatewayPlugin only; move the code to GatewayPluginHost"
    case (_, "CZlib"): return "zlib is GatewayBodies' alone; use what it offers"
    case (_, "CLibYAML"): return "libyaml is GatewayYAML's alone; read the tree that it returns"
    case (_, "Gateway"), (_, "GatewayTesting"), (_, "gateway"):
      return "nothing below depends on the assembled gateway; move the code up into \(imported)"
    case ("gateway", _): return "the command line talks to Gateway; offer there what it needs"
    default: return "mechanisms never import each other, they meet in Gateway; move the code to Sources/Gateway"
    }
  }
}
