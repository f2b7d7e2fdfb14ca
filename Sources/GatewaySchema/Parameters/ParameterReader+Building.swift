import GatewayJSON

/// From texts to JSON of strings.
extension ParameterReader {
  private typealias Bytes = UnsafeRawBufferPointer
  private typealias Pair = (name: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer)

  /// False where nothing was sent.
  func build(_ occurrences: [ParameterOccurrence], _ memory: inout ParameterMemory) -> Bool {
    var writer = memory.begin()
    let isPresent = build(occurrences, &writer)
    memory.end(writer)
    return isPresent
  }

  private func build(_ occurrences: [ParameterOccurrence], _ writer: inout JSONWriter) -> Bool {
    let root = schema.coercion.root
    if gathers {
      writeObject(occurrences.map { ($0.name, $0.text) }, root, &writer)
      return true
    }
    guard let counted = location == .header ? occurrences.first : occurrences.last else { return false }
    switch shape(root) {
    case .scalar:
      if location == .form && counted.text.isEmpty { return false }
      writer.string(style == .label || style == .matrix ? unwrapped(counted.text) : counted.text)
    case .list: writeList(occurrences, counted.text, &writer)
    case .object: return writeOwnObject(occurrences, counted.text, root, &writer)
    }
    return true
  }

  private func writeList(_ occurrences: [ParameterOccurrence], _ last: Bytes, _ writer: inout JSONWriter) {
    writer.beginArray()
    defer { writer.endArray() }
    guard let style, let separator = separator(style) else {
      for occurrence in occurrences { writer.string(occurrence.text) }
      return
    }
    if location == .header {
      // Several lines are one list (RFC 9110 §5.3).
      for occurrence in occurrences {
        for item in split(occurrence.text, separator) { writer.string(ParameterText.trimmed(item)) }
      }
      return
    }
    for item in split(unwrapped(last), separator) {
      // `;color=blue;color=black`: each item brings the name.
      writer.string(style == .matrix && explode ? afterEquals(item) : item)
    }
  }

  private func writeOwnObject(
    _ occurrences: [ParameterOccurrence], _ last: Bytes, _ root: Int32, _ writer: inout JSONWriter
  ) -> Bool {
    if style == .deepObject {
      var pairs: [Pair] = []
      let opening = Array(name.utf8) + [UInt8(ascii: "[")]
      for occurrence in occurrences {
        let text = occurrence.name
        guard text.count > opening.count, text.starts(with: opening), text.last == UInt8(ascii: "]") else { continue }
        pairs.append((Bytes(rebasing: text[opening.count..<text.count - 1]), occurrence.text))
      }
      guard !pairs.isEmpty else { return false }
      writeObject(pairs, root, &writer)
      return true
    }
    if needsAllPairs {
      let pairs = occurrences.filter { field($0.name, root) != nil }.map { ($0.name, $0.text) }
      guard !pairs.isEmpty else { return false }
      writeObject(pairs, root, &writer)
      return true
    }
    guard let style, let separator = separator(style) else {
      // FastAPI has no objects in one text: it is a text, and the schema says what is wrong with it.
      writer.string(last)
      return true
    }
    let parts = split(unwrapped(last), separator)
    var pairs: [Pair] = []
    if explode {
      for part in parts {
        let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.count
        pairs.append((Bytes(rebasing: part[..<equals]), Bytes(rebasing: part[min(equals + 1, part.count)...])))
      }
    } else {
      var position = 0
      while position < parts.count {
        let text = position + 1 < parts.count ? parts[position + 1] : Bytes(start: nil, count: 0)
        pairs.append((parts[position], text))
        position += 2
      }
    }
    writeObject(pairs, root, &writer)
    return true
  }

  /// Members in the order of their first occurrence. Declared lists hold every occurrence, declared scalars the one that
  /// counts; undeclared names a text, or a list of texts where they are repeated (the last of cookies).
  private func writeObject(_ pairs: [Pair], _ root: Int32, _ writer: inout JSONWriter) {
    // `shape` is nil for a name that the schema does not declare.
    var order: [(name: String, shape: Shape?)] = []
    var groups: [ExactText: [Bytes]] = [:]
    for pair in pairs {
      let declared = field(pair.name, root)
      if declared == nil, location == .header, isMemberName(pair.name, root) { continue }
      let key = declared?.name ?? String(decoding: pair.name, as: UTF8.self)
      if groups[ExactText(key)] == nil { order.append((key, declared?.shape)) }
      groups[ExactText(key), default: []].append(pair.text)
    }
    writer.beginObject()
    for (key, shape) in order {
      guard let texts = groups[ExactText(key)], let first = texts.first, let last = texts.last else { continue }
      let counted = location == .header ? first : last
      if location == .form, shape == .scalar, counted.isEmpty { continue }
      writer.name(key)
      if shape == .list || shape == nil && texts.count > 1 && location != .cookie {
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
      } else {
        writer.string(counted)
      }
    }
    writer.endObject()
  }

  private func field(_ name: Bytes, _ root: Int32) -> (name: String, shape: Shape)? {
    let plan = schema.coercion
    for position in members(root) {
      let field = plan.fields.base[position]
      let label = plan.labels[Int(field.label)]
      let isSame =
        location == .header
        ? label.utf8.count == name.count && zip(label.utf8, name).allSatisfy { fieldName($0) == lower($1) }
        : label.utf8.elementsEqual(name)
      if isSame { return (label, shape(field.node)) }
    }
    return nil
  }

  /// A field `x_token` beside a member of that name, which the field `x-token` is read for: it must not pass for it.
  private func isMemberName(_ name: Bytes, _ root: Int32) -> Bool {
    let plan = schema.coercion
    return members(root).contains { plan.labels[Int(plan.fields.base[$0].label)].utf8.elementsEqual(name) }
  }

  /// Positions of a model's fields; empty for anything else.
  private func members(_ root: Int32) -> Range<Int> {
    let plan = schema.coercion
    var node = plan.nodes.base[Int(root)]
    while node.kind == .nullable { node = plan.nodes.base[Int(node.item)] }
    guard node.kind == .model else { return 0..<0 }
    return Int(node.children)..<Int(node.children + node.childCount)
  }

  /// A member `x_token` is the field `x-token`, and never `x_token`: servers disagree about those.
  private func fieldName(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : lower(byte) }

  private func lower(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }

  /// Nil where items are repeated names.
  private func separator(_ style: ParameterStyle) -> UInt8? {
    switch style {
    case .simple: UInt8(ascii: ",")
    case .label: UInt8(ascii: explode ? "." : ",")
    case .matrix: UInt8(ascii: explode ? ";" : ",")
    case .form: explode ? nil : UInt8(ascii: ",")
    case .spaceDelimited: explode ? nil : UInt8(ascii: " ")
    case .pipeDelimited: explode ? nil : UInt8(ascii: "|")
    case .deepObject: nil
    }
  }

  /// Without the mark that label and matrix put first (RFC 6570 §3.2.5, §3.2.7).
  private func unwrapped(_ text: Bytes) -> Bytes {
    switch style {
    case .label where text.first == UInt8(ascii: "."): return Bytes(rebasing: text.dropFirst())
    case .matrix where text.first == UInt8(ascii: ";"):
      let rest = Bytes(rebasing: text.dropFirst())
      return explode && shape(schema.coercion.root) != .scalar ? rest : afterEquals(rest)
    default: return text
    }
  }

  private func afterEquals(_ text: Bytes) -> Bytes {
    guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { return Bytes(rebasing: text[text.count...]) }
    return Bytes(rebasing: text[(equals + 1)...])
  }

  /// No text is no item.
  private func split(_ text: Bytes, _ separator: UInt8) -> [Bytes] {
    guard !text.isEmpty else { return [] }
    return text.split(separator: separator, omittingEmptySubsequences: false).map { Bytes(rebasing: $0) }
  }
}
