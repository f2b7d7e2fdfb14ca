import Foundation
import GatewayYAML
import Testing

/// The official suite: what libyaml reads, this reads as the suite says, and what it refuses is refused.
@Suite(.enabled(if: Corpora.yamlSuite != nil, "the corpora are not here; set GATEWAY_CORPORA"))
struct YAMLTestSuiteTests {
  /// Valid cases that this reader refuses on purpose; their trees are built, and compared, all the same.
  static let refusedOnPurpose: [YAMLIssue.Kind: Set<String>] = [
    // A configuration file has no types but those of the core schema: `!local`, `!!set`, `!!binary` and the like would
    // promise a meaning that nothing gives them.
    .unknownTag: [
      "2XXW", "565N", "5TYM", "6CK3", "6WLZ", "7FWL", "9WXW", "C4HZ", "CC74", "CUP7", "J7PZ", "M5C3", "P76L", "UGM3",
      "Z67P", "Z9M4",
    ],
    // A list or mapping as a key has no counterpart in JSON, and no key path.
    .compositeKey: [
      "4FJ6", "6BFJ", "6PBE", "9MMW", "KK5P", "LX3P", "M2N8:01", "M5DY", "Q9WF", "RZP5", "SBG9", "V9D5", "X38W", "XW4D",
    ],
  ]

  @Test func everyCaseAgreesWithTheSuiteExceptWhereLibyamlDiffers() throws {
    let suite = try #require(Corpora.yamlSuite)
    let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: suite.appending(path: "cases.json")))
    let baseline = try JSONDecoder().decode(
      Baseline.self, from: Data(contentsOf: suite.appending(path: "libyaml-0.2.5-baseline.json")))
    let known = Set(baseline.accepts_invalid + baseline.rejects_valid + baseline.event_mismatch)
    let raw = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: suite.appending(path: "cases.json"))) as? [[String: Any]])
    #expect(cases.count == 402)

    var unexpected: [String] = []
    var compared = 0
    var refusedOnPurpose: [YAMLIssue.Kind: Set<String>] = [:]
    for (test, object) in zip(cases, raw) {
      let result = YAMLDocuments.parse(Array(test.yaml.utf8), name: test.id)
      let refused = result.issues.contains { ![.unknownTag, .compositeKey].contains($0.kind) }
      let restricted = Set(result.issues.map(\.kind)).intersection([.unknownTag, .compositeKey])
      if !test.fail { restricted.forEach { refusedOnPurpose[$0, default: []].insert(test.id) } }
      var agrees = refused == test.fail
      if agrees, !test.fail, let expected = object["json"] as? [Any] {
        compared += 1
        agrees = same(result.documents.map(plain), expected)
      }
      if !agrees, !known.contains(test.id) {
        unexpected.append("\(test.id) \(test.name): \(result.issues.map(\.message)) \(result.documents.map(plain))")
      }
    }
    #expect(unexpected.isEmpty, "\(unexpected.joined(separator: "\n"))")
    #expect(compared >= 230)
    #expect(refusedOnPurpose == YAMLTestSuiteTests.refusedOnPurpose)
  }

  struct Case: Decodable {
    var id: String
    var name: String
    var yaml: String
    var fail: Bool
  }

  struct Baseline: Decodable {
    var accepts_invalid: [String]
    var rejects_valid: [String]
    var event_mismatch: [String]
  }

  private func plain(_ node: YAMLNode) -> Any {
    switch node.content {
    case .sequence(let items): return items.map(plain)
    case .mapping(let pairs):
      return Dictionary(
        pairs.map { ($0.key.scalar?.text ?? "", plain($0.value)) }, uniquingKeysWith: { first, _ in first })
    case .scalar:
      switch node.resolved {
      case .bool(let value): return value
      case .number(let value): return value.double
      case .string(let value): return value
      default: return NSNull()
      }
    }
  }

  private func same(_ left: Any, _ right: Any) -> Bool {
    switch (left, right) {
    case (let left as [Any], let right as [Any]):
      return left.count == right.count && zip(left, right).allSatisfy(same)
    case (let left as [String: Any], let right as [String: Any]):
      return left.count == right.count && left.allSatisfy { key, value in right[key].map { same(value, $0) } ?? false }
    case (let left as String, let right as String): return left == right
    case (is NSNull, is NSNull): return true
    case (let left as Bool, let right as NSNumber):
      return CFGetTypeID(right) && left == right.boolValue
    case (let left as Double, let right as NSNumber): return left == right.doubleValue
    default: return false
    }
  }

  /// JSONSerialization gives numbers and booleans one type; only the Objective-C type tells them apart.
  private func CFGetTypeID(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
}

enum Corpora {
  static let root: URL = {
    if let path = ProcessInfo.processInfo.environment["GATEWAY_CORPORA"] { return URL(filePath: path) }
    var package = URL(filePath: #filePath)
    for _ in 0..<3 { package.deleteLastPathComponent() }
    return package.appending(path: "../shared/corpora")
  }()

  static let yamlSuite: URL? = {
    let folder = root.appending(path: "yaml-test-suite")
    return FileManager.default.fileExists(atPath: folder.appending(path: "cases.json").path) ? folder : nil
  }()
}
