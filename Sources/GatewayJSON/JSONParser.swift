extension JSONDocument {
  /// Fills the tape from `text`. One pass, no recursion: an open container keeps its parent's index and child count in
  /// its own word until it closes.
  mutating func parseSource(_ text: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
    count = 0
    source = text
    guard let raw = text.baseAddress, text.count > 0 else { throw JSONSyntaxError(.expectedValue, at: 0, in: text) }
    guard text.count <= Int(Int32.max) else { throw JSONSyntaxError(.tooLarge, at: 0, in: text) }
    let base = raw.assumingMemoryBound(to: UInt8.self)
    let end = base + text.count
    if text.count >= 3 && base[0] == 0xEF && base[1] == 0xBB && base[2] == 0xBF {
      throw JSONParser.failure(.byteOrderMark, at: base, text)
    }

    // Locals, so that the loop works in registers; put back once at the end, and on growth.
    var nodes = self.nodes
    var capacity = self.capacity
    var n = 0
    defer {
      self.nodes = nodes
      self.capacity = capacity
    }

    let noParent = UInt32.max
    let maximumDepth = limits.depth
    var p = base
    var open = noParent
    var children: UInt32 = 0
    var isObject = false
    var depth = 0

    JSONParser.skipBlanks(&p, end)
    value: while true {
      guard p < end else { throw JSONParser.failure(.expectedValue, at: p, text) }
      if n &+ 2 > capacity { JSONDocument.grow(&nodes, &capacity, keeping: n) }
      var completed = true
      let byte = p.pointee
      switch byte {
      case UInt8(ascii: "\""):
        let start = p + 1
        let flags = try JSONParser.scanString(&p, end, text)
        nodes[n] = JSONNode(
          head: UInt32(JSONKind.string.rawValue) | flags, offset: UInt32(truncatingIfNeeded: start - base),
          payload: UInt64(truncatingIfNeeded: p - start - 1))
        n &+= 1
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        nodes[n] = try JSONParser.scanNumber(&p, end, base, text)
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
        if p < end && p.pointee == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
          completed = false
        } else {
          if isObject {
            try scanName(&p, end, base, text, into: nodes + n)
            n &+= 1
          }
          continue value
        }
      case UInt8(ascii: "t") where JSONParser.has("true", at: p, end):
        nodes[n] = JSONNode(
          head: UInt32(JSONKind.true.rawValue), offset: UInt32(truncatingIfNeeded: p - base), payload: 0)
        n &+= 1
        p += 4
      case UInt8(ascii: "f") where JSONParser.has("false", at: p, end):
        nodes[n] = JSONNode(
          head: UInt32(JSONKind.false.rawValue), offset: UInt32(truncatingIfNeeded: p - base), payload: 0)
        n &+= 1
        p += 5
      case UInt8(ascii: "n") where JSONParser.has("null", at: p, end):
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
          if isObject {
            if n &+ 2 > capacity { JSONDocument.grow(&nodes, &capacity, keeping: n) }
            try scanName(&p, end, base, text, into: nodes + n)
            n &+= 1
          }
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
        if isObject && children > 1 {
          let duplicate = duplicates.find(
            in: closed, nodes, end: n, members: Int(children), bytes: raw, policy: limits.duplicateKeys)
          if let duplicate {
            throw JSONParser.failure(.duplicateKey, at: base + nodes[duplicate].start - 1, text)
          }
        }
        open = UInt32(truncatingIfNeeded: saved)
        children = UInt32(truncatingIfNeeded: saved >> 32) &+ 1
        isObject = open != noParent && nodes[Int(open)].rawKind == JSONKind.object.rawValue
      }
    }
    guard p == end else { throw JSONParser.failure(.extraData, at: p, text) }
    count = n
  }

  /// A member's name and the colon after it; leaves `p` at the value.
  @inline(__always)
  private func scanName(
    _ p: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ base: UnsafePointer<UInt8>,
    _ text: UnsafeRawBufferPointer, into node: UnsafeMutablePointer<JSONNode>
  ) throws(JSONSyntaxError) {
    guard p < end, p.pointee == UInt8(ascii: "\"") else {
      throw JSONParser.failure(.expectedPropertyName, at: p, text)
    }
    let start = p + 1
    let flags = try JSONParser.scanString(&p, end, text)
    let length = p - start - 1
    let hash =
      flags & JSONNode.escaped == 0
      ? JSONKeyHash.of(start, count: length) : JSONParser.hashDecoded(start, count: length)
    node.pointee = JSONNode(
      head: UInt32(JSONKind.string.rawValue) | flags, offset: UInt32(truncatingIfNeeded: start - base),
      payload: UInt64(truncatingIfNeeded: length) | UInt64(hash) << 32)
    JSONParser.skipBlanks(&p, end)
    guard p < end, p.pointee == UInt8(ascii: ":") else { throw JSONParser.failure(.expectedColon, at: p, text) }
    p += 1
    JSONParser.skipBlanks(&p, end)
  }
}
