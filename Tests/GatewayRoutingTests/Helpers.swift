import GatewayHTTP

@testable import GatewayRouting

extension HTTPMethodSet {
  static func of(_ methods: HTTPMethod...) -> HTTPMethodSet { HTTPMethodSet(methods.map { HTTPMethodSet($0) }) }
}

/// `GET,POST host/path` or `ANY /path`; a trailing `!n` is the priority.
func addRoute(_ builder: inout RouteTable.Builder, _ text: String, index: Int) throws {
  var words = text.split(separator: " ").map(String.init)
  var priority = 0
  if let last = words.last, last.hasPrefix("!") {
    priority = Int(last.dropFirst()) ?? 0
    words.removeLast()
  }
  let methods =
    words[0] == "ANY"
    ? [] : HTTPMethodSet(words[0].split(separator: ",").map { HTTPMethodSet(HTTPMethod(name: String($0))) })
  let slash = words[1].firstIndex(of: "/") ?? words[1].endIndex
  let host = words[1][..<slash]
  builder.add(
    host: host.isEmpty ? nil : try HostPattern(String(host)), methods: methods,
    pattern: try RoutePattern(String(words[1][slash...])), priority: priority, index: index)
}

func build(_ routes: [String]) throws -> (RouteTable, [RouteConflict]) {
  var builder = RouteTable.Builder()
  for (index, route) in routes.enumerated() { try addRoute(&builder, route, index: index) }
  return builder.build()
}

func table(_ routes: String...) throws -> RouteTable { try build(routes).0 }

struct Matched: Equatable, CustomStringConvertible {
  var result: RouteMatch
  var captures: [String]
  var description: String { "\(result) \(captures)" }
}

extension RouteTable {
  func find(_ method: HTTPMethod = .get, _ path: String, host: String = "") -> Matched {
    var captures: [ByteRange] = []
    let bytes = Array(path.utf8)
    let result = bytes.withUnsafeBytes { path in
      Array(host.utf8).withUnsafeBytes { match(host: $0, method: method, path: path, captures: &captures) }
    }
    return Matched(
      result: result,
      captures: captures.map { String(decoding: bytes[$0.lowerBound..<$0.upperBound], as: UTF8.self) })
  }

  func route(_ method: HTTPMethod = .get, _ path: String, host: String = "") -> Int? {
    if case .route(let index) = find(method, path, host: host).result { index } else { nil }
  }
}

func matched(_ route: Int, _ captures: String...) -> Matched { Matched(result: .route(route), captures: captures) }

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
