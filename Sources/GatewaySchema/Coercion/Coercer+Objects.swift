import GatewayJSON

extension Coercer {
  mutating func coerceModel(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode, _ depth: Int
  ) -> Bool {
    guard word.kind == .object else { return fail(.modelType, node, input) }
    floor(.strict)
    let before = result.entries.count
    let count = Int(node.pointee.childCount)
    // One pass over the members finds which of them the schema names; reading then follows the schema's order.
    let holds = withUnsafeTemporaryAllocation(of: Int.self, capacity: max(count, 1)) { values in
      values.initialize(repeating: 0)
      let others = locateFields(node, input, UnsafeMutableBufferPointer(rebasing: values[..<count]))
      append("{")
      let start = bytes.count
      var set = 0
      var holds = true
      for position in 0..<count {
        guard coerceField(node, position, values[position], input, start, depth, &set) else {
          holds = false
          if !collects || isFull { return false }
          continue
        }
      }
      let hasExtras = others > 0 || node.pointee.patternCount > 0
      if hasExtras && (node.pointee.extras != .ignored || node.pointee.patternCount > 0 || isForChecking) {
        holds = coerceExtras(node, input, start, depth, &set) && holds
      }
      fieldsSet = (fieldsSet ?? 0) + set
      append("}")
      return holds
    }
    guard holds else { return false }
    if node.pointee.minimum == 0 && node.pointee.maximum == .max { return true }
    guard result.entries.count == before else { return false }
    return checkCount(node, input, tape.memberCount(input))
  }

  private mutating func checkCount(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ count: Int) -> Bool {
    if count < node.pointee.minimum {
      return fail(.coercion(.tooShort(.dictionary, node.pointee.minimum, actual: count)), node, input)
    }
    if count > node.pointee.maximum {
      return fail(.coercion(.tooLong(.dictionary, node.pointee.maximum, actual: count)), node, input)
    }
    return true
  }

  /// Members that no field names.
  private func locateFields(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ values: UnsafeMutableBufferPointer<Int>
  ) -> Int {
    let end = tape.next(input)
    var key = input &+ 1
    var others = 0
    while key < end {
      let word = tape.nodes[key]
      if !word.isShadowed {
        let found = tables.find(word, key, in: node.pointee.names, hash: word.keyHash, tape)
        if found >= 0 { values[Int(found - node.pointee.names.entries)] = key &+ 1 } else { others += 1 }
      }
      key = tape.next(key &+ 1)
    }
    return others
  }

  private mutating func coerceField(
    _ node: UnsafePointer<CoercionNode>, _ position: Int, _ value: Int, _ input: Int, _ start: Int, _ depth: Int,
    _ set: inout Int
  ) -> Bool {
    let field = plan.fields.base + Int(node.pointee.children) + position
    guard value == 0 else {
      set += 1
      if bytes.count > start { append(",") }
      append(field.pointee.name)
      return within(.field(field.pointee.label)) {
        $0.coerce(field.pointee.node, value, depth: depth &+ 1)
      }
    }
    if field.pointee.isRequired {
      return within(.field(field.pointee.label)) { $0.fail(.missing, node, input) }
    }
    guard !isForChecking, field.pointee.hasFallback || field.pointee.isNullByDefault else { return true }
    if bytes.count > start { append(",") }
    append(field.pointee.name)
    field.pointee.hasFallback ? append(field.pointee.fallback) : append("null")
    return true
  }

  private mutating func coerceExtras(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ start: Int, _ depth: Int, _ set: inout Int
  ) -> Bool {
    let end = tape.next(input)
    var key = input &+ 1
    var holds = true
    while key < end {
      let word = tape.nodes[key]
      defer { key = tape.next(key &+ 1) }
      guard !word.isShadowed, tables.find(word, key, in: node.pointee.names, hash: word.keyHash, tape) < 0 else {
        continue
      }
      let value = key &+ 1
      let schema = patternSchema(node, key)
      switch node.pointee.extras {
      case .ignored where schema == nil && !isForChecking: continue
      case .forbidden where schema == nil:
        holds = within(.member(key)) { $0.fail(.additional, node, value) } && holds
      default:
        if bytes.count > start { append(",") }
        appendValue(tape, key)
        append(":")
        // What is ignored must not sway the choice between alternatives.
        if schema != nil || node.pointee.extras != .ignored { set += 1 }
        let reader = schema ?? (node.pointee.extras == .typed ? node.pointee.item : 0)
        holds = within(.member(key)) { $0.coerce(reader, value, depth: depth &+ 1) } && holds
      }
      if !holds && (!collects || isFull) { return false }
    }
    return holds
  }

  /// The first of `patternProperties` whose pattern the name matches.
  private mutating func patternSchema(_ node: UnsafePointer<CoercionNode>, _ key: Int) -> Int32? {
    for position in node.pointee.patterns..<node.pointee.patterns + node.pointee.patternCount {
      let rule = plan.patterns.base[Int(position)]
      if evaluator.matches(rule.pattern, key) { return rule.node }
    }
    return nil
  }

  mutating func coerceMap(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode, _ depth: Int
  ) -> Bool {
    guard word.kind == .object else { return fail(.mapType, node, input) }
    append("{")
    let start = bytes.count
    let before = result.entries.count
    let end = tape.next(input)
    var key = input &+ 1
    var count = 0
    var holds = true
    while key < end {
      defer { key = tape.next(key &+ 1) }
      guard !tape.nodes[key].isShadowed else { continue }
      let mark = bytes.count
      if mark > start { append(",") }
      var isValid = coerceName(node, key, depth)
      if isValid || collects {
        append(":")
        isValid = coerceMember(node, key, depth) && isValid
      }
      guard isValid else {
        holds = false
        if !collects || isFull { return false }
        bytes.removeLast(bytes.count - mark)
        continue
      }
      count += 1
      if count > node.pointee.maximum {
        if collects { result.entries.removeLast(result.entries.count - before) }
        return fail(.coercion(.tooLong(.dictionary, node.pointee.maximum, actual: nil)), node, input)
      }
    }
    append("}")
    guard holds else { return false }
    guard count >= node.pointee.minimum else {
      return fail(.coercion(.tooShort(.dictionary, node.pointee.minimum, actual: count)), node, input)
    }
    return true
  }

  private mutating func coerceName(_ node: UnsafePointer<CoercionNode>, _ key: Int, _ depth: Int) -> Bool {
    guard node.pointee.keys >= 0 else {
      appendValue(tape, key)
      return true
    }
    let start = bytes.count
    guard within(.name(key), { $0.coerce(node.pointee.keys, key, depth: depth &+ 1) }) else { return false }
    if bytes.count > start, bytes[start] != UInt8(ascii: "\"") {
      // A name is a text, whatever it was read as.
      bytes.insert(UInt8(ascii: "\""), at: start)
      append("\"")
    }
    return true
  }

  private mutating func coerceMember(_ node: UnsafePointer<CoercionNode>, _ key: Int, _ depth: Int) -> Bool {
    let value = key &+ 1
    let schema = node.pointee.patternCount > 0 ? patternSchema(node, key) : nil
    if schema == nil, node.pointee.extras == .forbidden {
      return within(.member(key)) { $0.fail(.additional, node, value) }
    }
    let reader = schema ?? (node.pointee.extras == .typed ? node.pointee.item : 0)
    guard reader > 0 else {
      floor(.strict)
      return copy(value)
    }
    return within(.member(key)) { $0.coerce(reader, value, depth: depth &+ 1) }
  }
}
