extension JSONDocument {
  private func tape(for index: JSONIndex) -> UnsafeJSONTape? {
    guard index.position >= 0, index.position < count else { return nil }
    return unsafeTape
  }

  /// Nil where there is no such value.
  public func kind(of index: JSONIndex = .root) -> JSONKind? {
    tape(for: index)?[index.position].kind
  }

  /// Items of an array or members of an object; 0 for scalars.
  public func childCount(of index: JSONIndex = .root) -> Int {
    guard let tape = tape(for: index), tape[index.position].kind.isContainer else { return 0 }
    guard tape[index.position].kind == .object else { return tape.childCount(index.position) }
    var members = 0
    forEachMember(of: index) { _, _ in members += 1 }
    return members
  }

  public func boolean(at index: JSONIndex = .root) -> Bool? {
    switch kind(of: index) {
    case .true: true
    case .false: false
    default: nil
    }
  }

  /// The string's decoded text.
  public func string(at index: JSONIndex = .root) -> String? {
    guard let tape = tape(for: index), tape[index.position].kind == .string else { return nil }
    return tape.string(index.position)
  }

  /// The number where it is a whole one within `Int64`, however it is written (`1`, `1.0`, `10e-1`).
  public func integer(at index: JSONIndex = .root) -> Int64? {
    guard let tape = tape(for: index), tape[index.position].kind == .number else { return nil }
    let node = tape[index.position]
    if node.isSmall && node.scale == 0 { return node.mantissa }
    return tape.decimal(index.position).int64
  }

  /// The number with every digit.
  public func number(at index: JSONIndex = .root) -> JSONNumber? {
    guard let tape = tape(for: index), tape[index.position].kind == .number else { return nil }
    return JSONNumber(validated: String(decoding: tape.rawText(index.position), as: UTF8.self))
  }

  /// The value of a member, the last one where names repeat.
  public func member(_ name: String, of index: JSONIndex = .root) -> JSONIndex? {
    guard let tape = tape(for: index) else { return nil }
    return tape.member(name, of: index.position).map(JSONIndex.init(position:))
  }

  /// Calls `body` for each item, in order.
  public func forEachItem(of index: JSONIndex = .root, _ body: (JSONIndex) throws -> Void) rethrows {
    guard let tape = tape(for: index), tape[index.position].kind == .array else { return }
    let end = tape.next(index.position)
    var item = index.position + 1
    while item < end {
      try body(JSONIndex(position: item))
      item = tape.next(item)
    }
  }

  /// Calls `body` with each member's name (a string value of its own) and value, in order, shadowed ones left out.
  public func forEachMember(of index: JSONIndex = .root, _ body: (JSONIndex, JSONIndex) throws -> Void) rethrows {
    guard let tape = tape(for: index), tape[index.position].kind == .object else { return }
    let end = tape.next(index.position)
    var key = index.position + 1
    while key < end {
      if !tape[key].isShadowed { try body(JSONIndex(position: key), JSONIndex(position: key + 1)) }
      key = tape.next(key + 1)
    }
  }

  /// Byte range of a value's text in what was parsed, quotes included; nil where there is no such value.
  public func byteRange(of index: JSONIndex = .root) -> Range<Int>? {
    guard let tape = tape(for: index) else { return nil }
    let text = tape.rawText(index.position)
    guard let start = text.baseAddress else { return nil }
    let offset = start - tape.bytes
    return offset..<offset + text.count
  }
}
