import GatewayJSON

extension Diagnostic {
  /// As `check --json` prints it. Members without a value are left out.
  public var json: JSONValue {
    var object = JSONObject()
    object["severity"] = .string(severity.rawValue)
    object["code"] = .string(code.rawValue)
    object["message"] = .string(message)
    object["file"] = .string(file)
    span?.add(to: &object)
    if !keyPath.isEmpty { object["keyPath"] = .string(keyPath) }
    for (name, value) in [("found", found), ("expected", expected), ("suggestion", suggestion), ("help", help)] {
      if let value { object[name] = .string(value) }
    }
    if !notes.isEmpty {
      object["notes"] = .array(
        notes.map { note in
          var object = JSONObject([("message", .string(note.message))])
          if let file = note.file { object["file"] = .string(file) }
          note.span?.add(to: &object)
          return .object(object)
        })
    }
    return .object(object)
  }
}

extension Diagnostic.Span {
  fileprivate func add(to object: inout JSONObject) {
    for (name, value) in [("line", line), ("column", column), ("endLine", endLine), ("endColumn", endColumn)] {
      object[name] = .integer(value)
    }
  }
}

extension Diagnostics {
  /// All of them, sorted, as one array.
  public var json: JSONValue { .array(sorted().map(\.json)) }
}
