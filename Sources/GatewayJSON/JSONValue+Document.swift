extension JSONValue {
  /// Parses one text. For documents that arrive by the thousand keep a `JSONDocument` instead.
  public init(parsing text: some Collection<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
    let document = try JSONDocument(text, limits: limits)
    self = document.value()
  }

  public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONSyntaxError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }

  /// Copies the value at `index` out of a tape. Recurses once a level, at most `JSONLimits.maximumDepth` deep.
  public init(_ tape: UnsafeJSONTape, _ index: Int) {
    switch tape[index].kind {
    case .null: self = .null
    case .false: self = .bool(false)
    case .true: self = .bool(true)
    case .number: self = .number(JSONNumber(validated: String(decoding: tape.rawText(index), as: UTF8.self)))
    case .string: self = .string(tape.string(index))
    case .array:
      var items: [JSONValue] = []
      items.reserveCapacity(tape.childCount(index))
      let end = tape.next(index)
      var item = index + 1
      while item < end {
        items.append(JSONValue(tape, item))
        item = tape.next(item)
      }
      self = .array(items)
    case .object:
      var object = JSONObject()
      let end = tape.next(index)
      var key = index + 1
      while key < end {
        // A shadowed name comes first and is overwritten in place: Python's order for repeated names.
        object[tape.string(key)] = JSONValue(tape, key + 1)
        key = tape.next(key + 1)
      }
      self = .object(object)
    }
  }
}

extension JSONDocument {
  /// A copy of the value at `index`; null where there is none.
  public func value(at index: JSONIndex = .root) -> JSONValue {
    guard index.position >= 0, index.position < nodeCount, let tape = unsafeTape else { return .null }
    return JSONValue(tape, index.position)
  }
}
