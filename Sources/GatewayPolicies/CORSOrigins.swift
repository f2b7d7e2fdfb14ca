import GatewayHTTP

/// Which origins may read responses: exact ones, `https://*.domain`, `null`, or everyone.
///
/// An origin is compared byte for byte in the form browsers serialise (lower case, no default port; RFC 6454 §6.2), so
/// entries are brought into that form or refused at load.
struct CORSOrigins: Sendable {
  let allowsAny: Bool
  private let exact: ByteStringSet
  /// For each scheme, such as `https://`, the `.domain` or `.domain:port` behind `*`.
  private let wildcards: [(scheme: [UInt8], suffixes: ByteStringSet)]

  init(_ entries: [String], credentials: Bool) throws(PolicyMistakes) {
    var exact: [String] = []
    var suffixes: [String: [String]] = [:]
    var mistakes: [PolicyMistake] = []
    if entries.isEmpty {
      mistakes.append(
        PolicyMistake(
          option: "origins", found: "no entries", expected: "at least one origin, such as https://shop.example"))
    }
    for (index, entry) in entries.enumerated() {
      func refuse(_ expected: String, _ hint: String?) {
        mistakes.append(
          PolicyMistake(option: "origins", index: index, found: "\"\(entry)\"", expected: expected, hint: hint))
      }
      if entry == "*" || entry == "null" {
        // Any site can send either (`null` from a sandboxed frame), so with cookies it would act for the user.
        if credentials {
          refuse("named origins, because `credentials` is on", "list the origins, or turn `credentials` off")
        }
        exact.append(entry)
        continue
      }
      guard let parts = OriginParts(entry) else {
        refuse("an origin: scheme://host[:port], https://*.domain, null, or *", OriginParts.hint(for: entry))
        continue
      }
      guard parts.host.hasPrefix("*.") else {
        exact.append(parts.serialised)
        continue
      }
      if credentials, !parts.host.dropFirst(2).contains(".") {
        refuse("a domain of at least two labels behind `*`, because `credentials` is on", "https://*.shop.example")
      }
      suffixes[parts.scheme + "://", default: []].append(parts.host.dropFirst() + parts.port)
    }
    guard mistakes.isEmpty else { throw PolicyMistakes(mistakes) }
    allowsAny = entries.contains("*")
    self.exact = ByteStringSet(exact)
    wildcards = suffixes.sorted { $0.key < $1.key }.map { (Array($0.key.utf8), ByteStringSet($0.value)) }
  }

  /// How an origin is allowed.
  enum Match {
    case no
    /// Everyone is.
    case any
    /// By its name; the index is that of `exactOrigins`.
    case exact(Int)
    case wildcard
  }

  /// Looks up the value of an `Origin` field.
  func match(_ origin: UnsafeRawBufferPointer) -> Match {
    if allowsAny { return .any }
    if let index = exact.index(of: origin) { return .exact(index) }
    return wildcards.contains { matches(origin, $0.scheme, $0.suffixes) } ? .wildcard : .no
  }

  /// All origins that are listed by name.
  var exactOrigins: [String] { exact.strings }

  private func matches(_ origin: UnsafeRawBufferPointer, _ scheme: [UInt8], _ suffixes: ByteStringSet) -> Bool {
    guard origin.count > scheme.count, origin.starts(with: scheme) else { return false }
    var labelStart = scheme.count
    for i in scheme.count..<origin.count {
      if origin[i] == UInt8(ascii: ".") {
        guard i > labelStart else { return false }
        if suffixes.contains(UnsafeRawBufferPointer(rebasing: origin[i...])) { return true }
        labelStart = i + 1
        // What `*` stands for is labels and nothing else: no `/`, `@` or `:` gets an attacker's host past here.
      } else if !TrustedHostsPolicy.isHostByte(origin[i]) {
        return false
      }
    }
    return false
  }
}

/// An origin as the configuration has it, in the form browsers send.
private struct OriginParts {
  var scheme: String
  /// May begin with `*.`.
  var host: String
  /// With its colon; empty for the scheme's default port.
  var port: String

  var serialised: String { "\(scheme)://\(host)\(port)" }

  init?(_ text: String) {
    let text = text.lowercased()
    guard let separator = Self.find("://", in: text) else { return nil }
    scheme = String(text[..<separator.lowerBound])
    var rest = text[separator.upperBound...]
    port = ""
    guard scheme.first?.isLetter == true, scheme.utf8.allSatisfy(Self.isSchemeByte) else { return nil }
    if let colon = rest.lastIndex(of: ":"), rest.last != "]" {
      guard let number = UInt16(rest[rest.index(after: colon)...]), number > 0 else { return nil }
      let isDefault = scheme == "http" && number == 80 || scheme == "https" && number == 443
      port = isDefault ? "" : ":\(number)"
      rest = rest[..<colon]
    }
    host = String(rest)
    if rest.hasPrefix("[") {
      guard rest.hasSuffix("]"), rest.contains(":"), let address = IPAddress(String(rest.dropFirst().dropLast()))
      else { return nil }
      host = "[\(address)]"
    } else {
      guard TrustedHostsPolicy.isHostName(rest.hasPrefix("*.") ? rest.dropFirst(2) : rest) else { return nil }
    }
  }

  static func hint(for entry: String) -> String? {
    guard let separator = find("://", in: entry) else {
      return entry.contains("*") ? "https://*.shop.example" : "https://\(entry)"
    }
    let rest = entry[separator.upperBound...]
    if let slash = rest.firstIndex(of: "/") { return "without the path: \(entry[..<slash])" }
    if rest.utf8.contains(where: { $0 >= 0x80 }) { return "the host in its ASCII form (xn--…)" }
    if rest.contains("*") { return "`*` stands only for whole labels in front: https://*.shop.example" }
    return nil
  }

  private static func find(_ needle: String, in text: String) -> Range<String.Index>? {
    var at = text.startIndex
    while at < text.endIndex {
      if text[at...].hasPrefix(needle) { return at..<text.index(at, offsetBy: needle.count) }
      at = text.index(after: at)
    }
    return nil
  }

  private static func isSchemeByte(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || byte &- 0x61 < 26 || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".")
  }
}
