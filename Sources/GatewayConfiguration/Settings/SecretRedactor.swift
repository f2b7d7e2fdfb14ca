/// Takes secrets out of texts for people. Whatever wrote a message, and by whichever way the value got there: the text
/// is looked through before anybody sees it, so a value that flowed from a secret setting into an option, a path or a
/// plugin's `config` is not told by what complains about it.
public struct SecretRedactor: Sendable {
  private var secrets: Set<[UInt8]> = []
  /// The longest first: one secret may be part of another.
  private var ordered: [[UInt8]] = []

  /// Shorter ones are looked for only as a whole word in backticks: two letters are in every sentence.
  private static let shortest = 4
  /// Messages cut long values: this much of the beginning is recognised.
  private static let recognised = 16

  public init() {}

  public var isEmpty: Bool { secrets.isEmpty }

  public mutating func add(_ secret: String) {
    // As it is, and as texts quote it: line ends and quotes escaped. By scalars: CR LF is one character.
    var escaped = ""
    for scalar in secret.unicodeScalars {
      if let escape = Self.escapes[scalar] { escaped += escape } else { escaped.unicodeScalars.append(scalar) }
    }
    for form in [secret, escaped] where !form.isEmpty { add(Array(form.utf8)) }
  }

  /// Those of another one too.
  public mutating func add(_ other: SecretRedactor) { for bytes in other.ordered { add(bytes) } }

  private mutating func add(_ bytes: [UInt8]) {
    guard secrets.insert(bytes).inserted else { return }
    var (low, high) = (0, ordered.count)
    while low < high {
      let middle = (low + high) / 2
      if Self.precedes(ordered[middle], bytes) { low = middle + 1 } else { high = middle }
    }
    ordered.insert(bytes, at: low)
  }

  private static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count ? one.lexicographicallyPrecedes(other) : one.count > other.count
  }

  private static let escapes: [Unicode.Scalar: String] = ["\n": "\\n", "\r": "\\r", "\t": "\\t", "\"": "\\\"", "\\": "\\\\"]

  /// For `found:`. How long it is helps against a wrong file or a line end too much, and gives nothing away.
  public static func words(_ count: Int) -> String { "a secret of \(count) byte\(count == 1 ? "" : "s")" }

  public func redacted(_ text: String) -> String {
    replaced(text) { Array("(\(Self.words($0)))".utf8) }
  }

  /// Each character of a secret as `*`, so that columns stay.
  public func masked(_ text: String) -> String {
    replaced(text) { _ in nil }
  }

  /// `stand` gets the secret's length in bytes; nil masks what was found.
  private func replaced(_ text: String, _ stand: (Int) -> [UInt8]?) -> String {
    guard !ordered.isEmpty else { return text }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    var isChanged = false
    scan: while index < bytes.count {
      for secret in ordered where bytes[index] == secret[0] {
        guard let length = match(secret, bytes, index) else { continue }
        result += stand(secret.count) ?? bytes[index..<index + length].compactMap { $0 & 0xC0 == 0x80 ? nil : 0x2A }
        index += length
        isChanged = true
        continue scan
      }
      result.append(bytes[index])
      index += 1
    }
    return isChanged ? String(decoding: result, as: UTF8.self) : text
  }

  /// How many bytes of the text from there are the secret's.
  private func match(_ secret: [UInt8], _ bytes: [UInt8], _ start: Int) -> Int? {
    var length = 0
    while length < secret.count, start + length < bytes.count, bytes[start + length] == secret[length] { length += 1 }
    if secret.count < Self.shortest {
      let quote = UInt8(ascii: "`")
      let end = start + length
      return length == secret.count && start > 0 && bytes[start - 1] == quote && end < bytes.count && bytes[end] == quote
        ? length : nil
    }
    return length >= min(secret.count, Self.recognised) ? length : nil
  }
}
