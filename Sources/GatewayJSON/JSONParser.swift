extension JSONDocument {
  /// Fills the tape from `text`. One pass, no recursion: an open container keeps its parent's index and child count in
  /// its own word until it closes.
  mutating func parseSource(_ text: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
    count = 0
    source = text
    guard text.count <= limits.bytes else { throw JSONSyntaxError(.tooLarge, at: 0, in: text) }
    guard let raw = text.baseAddress, text.count > 0 else { throw JSONSyntaxError(.expectedValue, at: 0, in: text) }
    let base = raw.assumingMemoryBound(to: UInt8.self)
    let end = base + text.count
    var p = base
    if text.count >= 3 && base[0] == 0xEF && base[1] == 0xBB && base[2] == 0xBF {
      guard limits.acceptsByteOrderMark else { throw JSONParser.failure(.byteOrderMark, at: base, text) }
      p += 3
    }

    // Locals that no function takes by reference, so that the loop works in registers: a third of its instructions
    // otherwise were loads and stores of these.
    var nodes = self.nodes
    let names = duplicates.names
    var nameCount = 0
    var n = 0

    let noParent = UInt32.max
    let maximumDepth = limits.depth
    // A turn of the loop writes two words at most, so beyond this one the limit is known to be passed.
    let maximumNodes = limits.nodes &+ 2
    var room = min(capacity, maximumNodes)
    var open = noParent
    var children: UInt32 = 0
    var isObject = false
    var depth = 0

    JSONParser.skipBlanks(&p, end)
    value: while true {
      if n &+ 2 > room {
        guard n &+ 2 <= maximumNodes else { throw JSONParser.failure(.tooManyValues, at: p, text) }
        grow(keeping: n)
        nodes = self.nodes
        room = min(capacity, maximumNodes)
      }
      if isObject {
        guard p < end, p.pointee == UInt8(ascii: "\"") else {
          throw JSONParser.failure(.expectedPropertyName, at: p, text)
        }
        let start = p + 1
        let mark = JSONParser.firstMark(start, end)
        let hash: UInt32
        if mark < end && mark.pointee == UInt8(ascii: "\"") {
          p = mark + 1
          hash = JSONKeyHash.of(start, count: mark - start)
          nodes[n] = JSONNode(
            head: UInt32(JSONKind.string.rawValue), offset: UInt32(truncatingIfNeeded: start - base),
            payload: UInt64(truncatingIfNeeded: mark - start) | UInt64(hash) << 32)
        } else {
          let name = try JSONParser.scanName(from: mark, quote: p, base, end, text)
          nodes[n] = name
          hash = name.keyHash
          p = start + name.stringLength + 1
        }
        n &+= 1
        if nameCount < DuplicateKeys.nameCapacity { names[nameCount] = hash }
        nameCount &+= 1
        JSONParser.skipBlanks(&p, end)
        guard p < end, p.pointee == UInt8(ascii: ":") else { throw JSONParser.failure(.expectedColon, at: p, text) }
        p += 1
        JSONParser.skipBlanks(&p, end)
      }
      guard p < end else { throw JSONParser.failure(.expectedValue, at: p, text) }
      var completed = true
      let byte = p.pointee
      switch byte {
      case UInt8(ascii: "\""):
        let start = p + 1
        let mark = JSONParser.firstMark(start, end)
        if mark < end && mark.pointee == UInt8(ascii: "\"") {
          p = mark + 1
          nodes[n] = JSONNode(
            head: UInt32(JSONKind.string.rawValue), offset: UInt32(truncatingIfNeeded: start - base),
            payload: UInt64(truncatingIfNeeded: mark - start))
        } else {
          let string = try JSONParser.scanString(from: mark, quote: p, base, end, text)
          nodes[n] = string
          p = start + string.stringLength + 1
        }
        n &+= 1
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        if let number = JSONParser.plainNumber(p, end, base) {
          nodes[n] = number
          p += number.length
        } else {
          let number = try JSONParser.scanNumber(p, end, base, text)
          nodes[n] = number
          p += number.length
        }
        n &+= 1
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard depth < maximumDepth else { throw JSONParser.failure(.tooDeep, at: p, text) }
        depth &+= 1
        isObject = byte == UInt8(ascii: "{")
        nodes[n] = JSONNode(
          head: UInt32(isObject ? JSONKind.object.rawValue : JSONKind.array.rawValue),
          offset: UInt32(truncatingIfNeeded: p - base), payload: UInt64(open) | UInt64(children) << 32)
        open = UInt32(truncatingIfNeeded: n)
        n &+= 1
        children = 0
        p += 1
        JSONParser.skipBlanks(&p, end)
        // `]` and `}` are two above their openers.
        guard p < end && p.pointee == byte &+ 2 else { continue value }
        completed = false
      case UInt8(ascii: "t") where JSONParser.isTrue(p, end):
        nodes[n] = JSONNode(
          head: UInt32(JSONKind.true.rawValue), offset: UInt32(truncatingIfNeeded: p - base), payload: 0)
        n &+= 1
        p += 4
      case UInt8(ascii: "f") where JSONParser.isFalse(p, end):
        nodes[n] = JSONNode(
          head: UInt32(JSONKind.false.rawValue), offset: UInt32(truncatingIfNeeded: p - base), payload: 0)
        n &+= 1
        p += 5
      case UInt8(ascii: "n") where JSONParser.isNull(p, end):
        nodes[n] = JSONNode(
          head: UInt32(JSONKind.null.rawValue), offset: UInt32(truncatingIfNeeded: p - base), payload: 0)
        n &+= 1
        p += 4
      default:
        throw JSONParser.failure(.expectedValue, at: p, text)
      }
      if completed { children &+= 1 }

      // A value is complete: a comma asks for the next one, brackets close as many containers as they name.
      while true {
        JSONParser.skipBlanks(&p, end)
        if open == noParent { break value }
        guard p < end else { throw JSONParser.failure(.expectedComma, at: p, text) }
        let byte = p.pointee
        if byte == UInt8(ascii: ",") {
          p += 1
          JSONParser.skipBlanks(&p, end)
          continue value
        }
        guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
          throw JSONParser.failure(.expectedComma, at: p, text)
        }
        p += 1
        depth &-= 1
        let closed = Int(open)
        let saved = nodes[closed].payload
        let start = nodes[closed].start
        nodes[closed].head |= min(children, JSONNode.saturatedCount) << JSONNode.detailShift
        nodes[closed].payload =
          UInt64(truncatingIfNeeded: (p - base) - start) | UInt64(truncatingIfNeeded: n) << 32
        if isObject {
          let members = Int(children)
          nameCount &-= members
          if members > 1, duplicates.mayRepeat(from: nameCount, count: members) {
            let duplicate = duplicates.find(
              in: closed, nodes, end: n, members: members, bytes: raw, policy: limits.duplicateKeys)
            if let duplicate {
              throw JSONParser.failure(.duplicateKey, at: base + nodes[duplicate].start - 1, text)
            }
          }
        }
        open = UInt32(truncatingIfNeeded: saved)
        children = UInt32(truncatingIfNeeded: saved >> 32) &+ 1
        isObject = open != noParent && nodes[Int(open)].rawKind == JSONKind.object.rawValue
      }
    }
    guard p == end else { throw JSONParser.failure(.extraData, at: p, text) }
    guard n <= limits.nodes else { throw JSONParser.failure(.tooManyValues, at: end, text) }
    count = n
  }
}
