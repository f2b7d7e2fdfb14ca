/// The type of a need that another plugin may fill: `json:NAME@MAJOR.MINOR` or `service:NAME@MAJOR.MINOR`.
struct ViewType: Hashable, Sendable, CustomStringConvertible {
  enum Kind: String, Sendable, CaseIterable { case json, service }

  var kind: Kind
  var name: String
  var major: UInt16
  var minor: UInt16

  /// Nil where `version` is no `MAJOR.MINOR`.
  init?(_ kind: Kind, _ name: some StringProtocol, version: some StringProtocol) {
    let parts = version.split(separator: ".", omittingEmptySubsequences: false)
    guard !name.isEmpty, parts.count == 2, version.utf8.allSatisfy({ $0 == 0x2E || (0x30...0x39).contains($0) }),
      let major = UInt16(parts[0]), let minor = UInt16(parts[1])
    else { return nil }
    self.kind = kind
    self.name = String(name)
    self.major = major
    self.minor = minor
  }

  /// Nil where the text is the type of no view.
  init?(_ text: String) {
    guard let kind = Self.kind(of: text) else { return nil }
    let rest = text.dropFirst(kind.rawValue.count + 1)
    guard let at = rest.lastIndex(of: "@") else { return nil }
    self.init(kind, rest[..<at], version: rest[rest.index(after: at)...])
  }

  /// Whether the type means a view at all, well-formed or not.
  static func kind(of type: String) -> Kind? { Kind.allCases.first { type.hasPrefix($0.rawValue + ":") } }

  /// Whether a consumer that was written for `wanted` can use this one: a newer minor only adds.
  func serves(_ wanted: ViewType) -> Bool {
    kind == wanted.kind && name == wanted.name && major == wanted.major && minor >= wanted.minor
  }

  var description: String { "\(kind.rawValue):\(name)@\(major).\(minor)" }
}
