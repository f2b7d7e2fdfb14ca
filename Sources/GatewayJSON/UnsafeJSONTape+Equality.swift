/// JSON equality (RFC 8259 leaves it open; JSON Schema 2020-12 Core §4.2.2 defines it): numbers by value, strings by
/// code points, objects without regard to order.
extension UnsafeJSONTape {
  // Objects above this are compared through a hashed copy: walking one for each name of the other would be quadratic.
  private static let walkLimit = 16

  public func equals(_ a: Int, _ b: Int) -> Bool {
    let x = nodes[a]
    let y = nodes[b]
    guard x.rawKind == y.rawKind else { return false }
    switch x.kind {
    case .null, .true, .false: return true
    case .number:
      if x.isSmall && y.isSmall && x.scale == y.scale { return x.mantissa == y.mantissa }
      return decimal(a).compare(decimal(b)) == 0
    case .string:
      if !x.isEscaped && !y.isEscaped {
        return x.stringLength == y.stringLength
          && JSONKeyHash.equal(bytes + x.start, bytes + y.start, count: x.stringLength)
      }
      return withString(a) { stringEquals(b, $0) }
    case .array:
      guard childCount(a) == childCount(b) else { return false }
      let end = next(a)
      var i = a + 1
      var j = b + 1
      while i < end {
        guard equals(i, j) else { return false }
        i = next(i)
        j = next(j)
      }
      return true
    case .object:
      let total = memberCount(a)
      guard total == memberCount(b) else { return false }
      guard total <= UnsafeJSONTape.walkLimit else { return JSONValue(self, a) == JSONValue(self, b) }
      let end = next(a)
      var key = a + 1
      while key < end {
        if !nodes[key].isShadowed {
          guard let other = member(like: key, of: b), equals(key + 1, other) else { return false }
        }
        key = next(key + 1)
      }
      return true
    }
  }

  public func equals(_ index: Int, _ value: JSONValue) -> Bool {
    let node = nodes[index]
    switch (node.kind, value) {
    case (.null, .null): return true
    case (.true, .bool(let flag)): return flag
    case (.false, .bool(let flag)): return !flag
    case (.number, .number(let number)): return number.withDecimal { decimal(index).compare($0) == 0 }
    case (.string, .string(var text)):
      return text.withUTF8 { stringEquals(index, UnsafeRawBufferPointer($0)) }
    case (.array, .array(let items)):
      guard childCount(index) == items.count else { return false }
      var child = index + 1
      for item in items {
        guard equals(child, item) else { return false }
        child = next(child)
      }
      return true
    case (.object, .object(let object)):
      guard memberCount(index) == object.count else { return false }
      let end = next(index)
      var key = index + 1
      while key < end {
        if !nodes[key].isShadowed {
          guard let expected = object[string(key)], equals(key + 1, expected) else { return false }
        }
        key = next(key + 1)
      }
      return true
    default: return false
    }
  }

  /// Feeds equal values to equal hashes. Seeded, so that nobody outside can aim for collisions.
  public func hash(_ index: Int, into hasher: inout Hasher) {
    let node = nodes[index]
    hasher.combine(node.rawKind)
    switch node.kind {
    case .null, .true, .false: break
    case .number: decimal(index).hash(into: &hasher)
    case .string: withString(index) { hasher.combine(bytes: $0) }
    case .array:
      let end = next(index)
      var item = index + 1
      while item < end {
        hash(item, into: &hasher)
        item = next(item)
      }
    case .object:
      var sum = 0
      let end = next(index)
      var key = index + 1
      while key < end {
        if !nodes[key].isShadowed {
          var one = Hasher()
          withString(key) { one.combine(bytes: $0) }
          hash(key + 1, into: &one)
          sum = sum &+ one.finalize()
        }
        key = next(key + 1)
      }
      hasher.combine(sum)
    }
  }

  /// Members that count: without shadowed ones.
  public func memberCount(_ object: Int) -> Int {
    let end = next(object)
    var key = object + 1
    var total = 0
    while key < end {
      if !nodes[key].isShadowed { total += 1 }
      key = next(key + 1)
    }
    return total
  }

  private func member(like name: Int, of object: Int) -> Int? {
    let hash = nodes[name].keyHash
    let end = next(object)
    var key = object + 1
    while key < end {
      if nodes[key].keyHash == hash && !nodes[key].isShadowed && equals(name, key) { return key + 1 }
      key = next(key + 1)
    }
    return nil
  }
}
