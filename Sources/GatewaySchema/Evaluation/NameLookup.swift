import GatewayJSON

extension SchemaTables {
  /// The entry of a member name in `table`; negative where it is not there. `hash` is the one the name carries.
  @inline(__always)
  func find(_ word: JSONNode, _ index: Int, in table: NameTable, hash: UInt32, _ tape: UnsafeJSONTape) -> Int32 {
    if word.isEscaped { return findDecoded(index, in: table, tape) }
    return find(tape.bytes + word.start, word.stringLength, hash, in: table)
  }

  /// Whether a member name is the one of `entry`. A name with escapes never is: it has to be decoded to tell.
  @inline(__always)
  func isName(_ entry: UnsafePointer<NameEntry>, _ word: JSONNode, _ tape: UnsafeJSONTape) -> Bool {
    word.keyHash == entry.pointee.hash && word.stringLength == Int(entry.pointee.length) && !word.isEscaped
      && JSONKeyHash.equal(
        tape.bytes + word.start, nameBytes.base + Int(entry.pointee.start), count: word.stringLength)
  }

  /// The same for any string of a tape, a value as well as a name.
  func find(_ index: Int, in table: NameTable, _ tape: UnsafeJSONTape) -> Int32 {
    let word = tape[index]
    let hash = JSONKeyHash.of(tape.bytes + word.start, count: word.stringLength)
    return find(word, index, in: table, hash: hash, tape)
  }

  @inline(never)
  private func findDecoded(_ index: Int, in table: NameTable, _ tape: UnsafeJSONTape) -> Int32 {
    tape.withString(index) { text in
      guard let start = text.baseAddress else { return SchemaNode.none }
      return find(start, text.count, JSONKeyHash.of(start, count: text.count), in: table)
    }
  }

  @inline(__always)
  func find(_ start: UnsafeRawPointer, _ length: Int, _ hash: UInt32, in table: NameTable) -> Int32 {
    guard table.count > 0 else { return SchemaNode.none }
    var slot = hash & table.mask
    while true {
      let entry = nameSlots[table.slots &+ Int32(bitPattern: slot)]
      if entry < 0 { return SchemaNode.none }
      let candidate = nameEntries.base + Int(entry)
      if candidate.pointee.hash == hash && Int(candidate.pointee.length) == length
        && JSONKeyHash.equal(start, nameBytes.base + Int(candidate.pointee.start), count: length)
      {
        return entry
      }
      slot = (slot &+ 1) & table.mask
    }
  }
}
