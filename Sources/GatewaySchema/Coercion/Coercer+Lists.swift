import GatewayJSON

extension Coercer {
  private func value(_ node: UnsafePointer<CoercionNode>, _ position: Int) -> JSONValue {
    plan.values[Int(node.pointee.children) + position]
  }

  private func listed(_ node: UnsafePointer<CoercionNode>) -> [JSONValue] {
    Array(plan.values[Int(node.pointee.children)..<Int(node.pointee.children + node.pointee.childCount)])
  }

  private mutating func choose(_ node: UnsafePointer<CoercionNode>, _ position: Int) -> Bool {
    append(plan.valueTexts.base[Int(node.pointee.children) + position])
    return true
  }

  mutating func coerceLiteral(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    for position in 0..<Int(node.pointee.childCount) where tape.equals(input, value(node, position)) {
      return choose(node, position)
    }
    // Python's 1, 1.0 and True are equal, where nothing fits better.
    for position in 0..<Int(node.pointee.childCount) where equalsNumber(input, word, value(node, position)) {
      return choose(node, position)
    }
    if word.kind == .number, word.isIntegerText, tape.decimal(input).int64 == nil,
      (0..<Int(node.pointee.childCount)).contains(where: { value(node, $0).number != nil })
    {
      return fail(.integerSize, node, input)
    }
    guard collects else { return false }
    return fail(.literal(listed(node)), node, input)
  }

  private func equalsNumber(_ input: Int, _ word: JSONNode, _ value: JSONValue) -> Bool {
    if case .bool(let flag) = value, word.kind == .number {
      let decimal = tape.decimal(input)
      return flag ? decimal.int64 == 1 : decimal.isZero
    }
    guard case .number(let number) = value else { return false }
    switch word.kind {
    case .true: return number == 1
    case .false: return number == 0
    default: return false
    }
  }

  mutating func coerceEnumeration(_ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode) -> Bool {
    floor(.lax)
    switch node.pointee.base {
    case .integer:
      // Read as an integer would be, then looked up.
      let start = bytes.count
      let wasCollecting = collects
      collects = false
      var integer = CoercionNode(.integer)
      let isInteger = coerceInteger(&integer, input, word)
      collects = wasCollecting
      let text = isInteger ? String(decoding: bytes[start...], as: UTF8.self) : ""
      bytes.removeLast(bytes.count - start)
      if isInteger, let number = JSONNumber(text) {
        for position in 0..<Int(node.pointee.childCount) where value(node, position) == .number(number) {
          return choose(node, position)
        }
        if number.int64 == nil { return fail(.integerSize, node, input) }
      }
    default:
      for position in 0..<Int(node.pointee.childCount) where tape.equals(input, value(node, position)) {
        return choose(node, position)
      }
      for position in 0..<Int(node.pointee.childCount) where equalsNumber(input, word, value(node, position)) {
        return choose(node, position)
      }
    }
    guard collects else { return false }
    return fail(.enumeration(listed(node)), node, input)
  }

  mutating func coerceList(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode, _ depth: Int
  ) -> Bool {
    guard word.kind == .array else { return fail(.listType, node, input) }
    let count = tape.childCount(input)
    // Known before any item is looked at, so nothing else is said.
    guard count <= node.pointee.maximum else {
      return fail(.coercion(.tooLong(.list, node.pointee.maximum, actual: count)), node, input)
    }
    guard coerceItems(node.pointee.item, input, depth) else { return false }
    guard count >= node.pointee.minimum else {
      return fail(.coercion(.tooShort(.list, node.pointee.minimum, actual: count)), node, input)
    }
    return true
  }

  private mutating func coerceItems(_ schema: Int32, _ input: Int, _ depth: Int) -> Bool {
    append("[")
    let end = tape.next(input)
    var item = input &+ 1
    var position = 0
    var holds = true
    while item < end {
      if position > 0 { append(",") }
      if schema <= 0 {
        floor(.strict)
        _ = copy(item)
      } else if !within(.item(position), { $0.coerce(schema, item, depth: depth &+ 1) }) {
        holds = false
        if !collects || isFull { return false }
      }
      item = tape.next(item)
      position &+= 1
    }
    append("]")
    return holds
  }

  mutating func coerceSet(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode, _ depth: Int
  ) -> Bool {
    guard word.kind == .array else { return fail(.setType, node, input) }
    floor(.lax)
    append("[")
    var seen = DistinctTexts()
    let end = tape.next(input)
    var item = input &+ 1
    var position = 0
    var holds = true
    let before = result.entries.count
    while item < end {
      let start = bytes.count
      if seen.count > 0 { append(",") }
      let text = bytes.count
      if within(.item(position), { $0.coerce(node.pointee.item, item, depth: depth &+ 1) }) {
        if !seen.insert(text..<bytes.count, of: bytes) {
          bytes.removeLast(bytes.count - start)
        } else if seen.count > node.pointee.maximum {
          // Counting ends here, and what was wrong with items is forgotten.
          if collects { result.entries.removeLast(result.entries.count - before) }
          return fail(.coercion(.tooLong(.set, node.pointee.maximum, actual: nil)), node, input)
        }
      } else {
        holds = false
        if !collects || isFull { return false }
        bytes.removeLast(bytes.count - start)
      }
      item = tape.next(item)
      position &+= 1
    }
    append("]")
    guard holds else { return false }
    guard seen.count >= node.pointee.minimum else {
      return fail(.coercion(.tooShort(.set, node.pointee.minimum, actual: seen.count)), node, input)
    }
    return true
  }

  mutating func coerceTuple(
    _ node: UnsafePointer<CoercionNode>, _ input: Int, _ word: JSONNode, _ depth: Int
  ) -> Bool {
    guard word.kind == .array else { return fail(.tupleType, node, input) }
    floor(.lax)
    let count = tape.childCount(input)
    let prefix = Int(node.pointee.childCount)
    guard count <= node.pointee.maximum else {
      return fail(.coercion(.tooLong(.tuple, node.pointee.maximum, actual: count)), node, input)
    }
    append("[")
    let end = tape.next(input)
    var item = input &+ 1
    var position = 0
    var holds = true
    while item < end {
      if position > 0 { append(",") }
      let schema = position < prefix ? plan.indexes.base[Int(node.pointee.children) + position] : node.pointee.item
      if position >= prefix && schema < 0 { break }
      if !within(.item(position), { $0.coerce(schema, item, depth: depth &+ 1) }) {
        holds = false
        if !collects || isFull { return false }
      }
      item = tape.next(item)
      position &+= 1
    }
    append("]")
    // What a tuple lacks is missing, item by item.
    while position < min(prefix, node.pointee.minimum) {
      holds = within(.item(position)) { $0.fail(.missing, node, input) } && holds
      if !collects || isFull { return false }
      position &+= 1
    }
    guard holds else { return false }
    guard count >= node.pointee.minimum else {
      return fail(.coercion(.tooShort(.tuple, node.pointee.minimum, actual: count)), node, input)
    }
    return true
  }
}

/// Ranges of a buffer with different bytes in each. Seeded hashing: a body must not be able to make it quadratic.
private struct DistinctTexts {
  private var ranges: [Range<Int>] = []
  private var hashes: [Int: [Int]] = [:]
  private static let pairwiseLimit = 8

  var count: Int { ranges.count }

  /// False where the same bytes are there already.
  mutating func insert(_ range: Range<Int>, of bytes: [UInt8]) -> Bool {
    if ranges.count < DistinctTexts.pairwiseLimit {
      guard !ranges.contains(where: { bytes[$0].elementsEqual(bytes[range]) }) else { return false }
      ranges.append(range)
      return true
    }
    if hashes.isEmpty {
      for (position, known) in ranges.enumerated() { hashes[hash(known, bytes), default: []].append(position) }
    }
    let hash = hash(range, bytes)
    for position in hashes[hash] ?? [] where bytes[ranges[position]].elementsEqual(bytes[range]) { return false }
    hashes[hash, default: []].append(ranges.count)
    ranges.append(range)
    return true
  }

  private func hash(_ range: Range<Int>, _ bytes: [UInt8]) -> Int {
    var hasher = Hasher()
    bytes.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
    return hasher.finalize()
  }
}
