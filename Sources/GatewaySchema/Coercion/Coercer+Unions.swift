import GatewayJSON

extension Coercer {
  /// Pydantic's smart mode: an exact match at once; else the alternative with the most members sent, then the closest.
  mutating func coerceUnion(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ depth: Int) -> Bool {
    let choices = plan.indexes.base + Int(node.pointee.children)
    let count = Int(node.pointee.childCount)
    if count == 1 { return coerce(choices[0], input, depth: depth &+ 1) }
    let oldExactness = exactness
    let oldFields = fieldsSet
    let wasCollecting = collects
    collects = false
    defer { collects = wasCollecting }
    let start = bytes.count
    var best: (exactness: Exactness, fields: Int?)?
    var end = start
    for position in 0..<count {
      exactness = .exact
      fieldsSet = nil
      let holds = coerce(choices[position], input, depth: depth &+ 1)
      guard !evaluator.isExhausted else { return false }
      guard holds, isBetter(best) else {
        bytes.removeLast(bytes.count - end)
        continue
      }
      best = (exactness, fieldsSet)
      // The better one takes the place of the one before.
      bytes.removeSubrange(start..<end)
      end = bytes.count
      if exactness == .exact && fieldsSet == nil { break }
    }
    let isExactAlready = oldExactness
    if let best {
      exactness = min(isExactAlready, best.exactness)
      fieldsSet = best.fields.map { (oldFields ?? 0) + $0 } ?? oldFields
      return true
    }
    exactness = oldExactness
    fieldsSet = oldFields
    guard wasCollecting else { return false }
    collects = true
    for position in 0..<count where !isFull {
      let label = nodes[Int(choices[position])].label
      _ = within(.branch(label)) { $0.coerce(choices[position], input, depth: depth &+ 1) }
    }
    return false
  }

  private func isBetter(_ best: (exactness: Exactness, fields: Int?)?) -> Bool {
    guard let best else { return true }
    if let old = best.fields, let new = fieldsSet, old != new { return old < new }
    return best.exactness < exactness
  }

  mutating func coerceTagged(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode, _ depth: Int
  ) -> Bool {
    guard word.kind == .object else { return fail(.modelType, node, input) }
    let name = plan.labels[Int(node.pointee.discriminator)]
    guard let tag = tape.member(name, of: input) else { return fail(.coercion(.tagMissing(name)), node, input) }
    let found = tape[tag].kind == .string ? tables.find(tag, in: node.pointee.names, tape) : SchemaNode.none
    guard found >= 0 else {
      guard collects else { return false }
      let text = tape[tag].kind == .string ? tape.string(tag) : FastAPIWording.word(JSONValue(tape, tag))
      return fail(.coercion(.tagUnknown(name, tag: text, expected: tags(node))), node, input)
    }
    let choice = plan.indexes.base[Int(node.pointee.tagChoices + found - node.pointee.names.entries)]
    return within(.tag(tag)) { $0.coerce(choice, input, depth: depth &+ 1) }
  }

  private func tags(_ node: UnsafePointer<CoercionNode>) -> [String] {
    (0..<node.pointee.names.count).map { position in
      let entry = tables.nameEntries[node.pointee.names.entries + position]
      let bytes = UnsafeBufferPointer(start: tables.nameBytes.base + Int(entry.start), count: Int(entry.length))
      return String(decoding: bytes, as: UTF8.self)
    }
  }
}
