import GatewayJSON

extension SchemaBuilder {
  mutating func compileTypes(_ object: JSONObject, at location: SchemaLocation, _ node: inout SchemaNode) {
    guard let value = object["type"] else { return }
    // Before the place is written out, which only mistakes need.
    if case .string(let name) = value, let type = SchemaTypes(name: name) {
      node.types = type
      return
    }
    let place = location.appending("type")
    switch value {
    case .string(let name): node.types = type(named: name, at: place)
    case .array(let items):
      node.types = []
      if items.isEmpty { problem(place, "'type' names no type: nothing could be valid") }
      for (position, item) in items.enumerated() {
        guard case .string(let name) = item else {
          problem(place.appending(position), "a type must be a string, found \(item.typeName)")
          continue
        }
        let type = type(named: name, at: place.appending(position))
        if type != .all && node.types.isSuperset(of: type) {
          problem(place.appending(position), "type '\(name)' is repeated")
        }
        node.types.formUnion(type)
      }
    default: problem(place, "'type' must be a type's name or a list of them, found \(value.typeName)")
    }
  }

  private mutating func type(named name: String, at place: SchemaLocation) -> SchemaTypes {
    if let type = SchemaTypes(name: name) { return type }
    let nearest = NearestWord.of(name, among: SchemaTypes.ordered.map(\.name))
    let hint: String
    switch name {
    case "int": hint = "; did you mean 'integer'?"
    case "float", "double": hint = "; did you mean 'number'?"
    case "str": hint = "; did you mean 'string'?"
    case "bool": hint = "; did you mean 'boolean'?"
    case "list": hint = "; did you mean 'array'?"
    case "dict", "map": hint = "; did you mean 'object'?"
    case "none", "nil": hint = "; did you mean 'null'?"
    default: hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
    }
    problem(place, "unknown type '\(name)'" + hint)
    return .all
  }

  mutating func compileConstants(_ object: JSONObject, at location: SchemaLocation, _ node: inout SchemaNode) {
    if let value = object["const"] {
      node.constant = Int32(truncatingIfNeeded: constants.count)
      constants.append(value)
    }
    guard let value = object["enum"] else { return }
    let place = location.appending("enum")
    guard case .array(let items) = value else {
      problem(place, "'enum' must be a list of values, found \(value.typeName)")
      return
    }
    if items.isEmpty { warning(place, "'enum' lists nothing: no value can be valid") }
    var seen: Set<JSONValue> = []
    for (position, item) in items.enumerated() where !seen.insert(item).inserted {
      warning(place.appending(position), "value is listed twice")
    }
    var rules = EnumerationRules()
    rules.values = Int32(truncatingIfNeeded: constants.count)
    rules.count = Int32(truncatingIfNeeded: items.count)
    constants += items
    let texts = items.compactMap(\.string)
    if texts.count == items.count && !items.isEmpty {
      rules.isNames = true
      rules.names = nameTable(texts.map { NamedEntry(name: $0) })
    }
    node.enumeration = Int32(truncatingIfNeeded: enumerations.count)
    enumerations.append(rules)
  }

  mutating func compileNumeric(_ object: JSONObject, at location: SchemaLocation, _ node: inout SchemaNode) {
    var rules = NumericRules()
    rules.minimum = bound("minimum", of: object, at: location)
    rules.exclusiveMinimum = bound("exclusiveMinimum", of: object, at: location)
    rules.maximum = bound("maximum", of: object, at: location)
    rules.exclusiveMaximum = bound("exclusiveMaximum", of: object, at: location)
    if let value = object["multipleOf"] {
      let place = location.appending("multipleOf")
      if let number = value.number, let divisor = JSONDivisor(number) {
        rules.divisor = divisor
        rules.divisorNumber = Int32(truncatingIfNeeded: numbers.count)
        numbers.append(number)
      } else if let number = value.number, !number.isNegative, !number.isZero {
        problem(place, "'multipleOf' is limited to 19 significant digits")
      } else {
        problem(place, "'multipleOf' must be a number above 0, found \(value.number?.text ?? value.typeName)")
      }
    }
    let lower = [rules.minimum, rules.exclusiveMinimum].filter(\.isPresent).map { numbers[Int($0.number)] }.max()
    let upper = [rules.maximum, rules.exclusiveMaximum].filter(\.isPresent).map { numbers[Int($0.number)] }.min()
    if let lower, let upper, lower > upper {
      warning(location, "no number is at least \(lower) and at most \(upper)")
    }
    guard rules.divisor != nil || lower != nil || upper != nil else { return }
    node.numeric = Int32(truncatingIfNeeded: numeric.count)
    numeric.append(rules)
  }

  private mutating func bound(_ keyword: String, of object: JSONObject, at location: SchemaLocation) -> NumericBound {
    var bound = NumericBound()
    guard let value = object[keyword] else { return bound }
    guard case .number(let number) = value else {
      let hint = value.bool == nil ? "" : " (as a boolean it belongs to draft 4)"
      problem(location.appending(keyword), "'\(keyword)' must be a number, found \(value.typeName)\(hint)")
      return bound
    }
    bound.isPresent = true
    bound.number = Int32(truncatingIfNeeded: numbers.count)
    numbers.append(number)
    if let small = number.small {
      bound.isSmall = true
      bound.mantissa = small.mantissa
      bound.scale = UInt8(truncatingIfNeeded: small.scale)
    }
    return bound
  }

  mutating func compileString(_ object: JSONObject, at location: SchemaLocation, _ node: inout SchemaNode) {
    var rules = StringRules()
    var isNeeded = false
    if let count = count("minLength", of: object, at: location) {
      rules.minimumLength = count
      isNeeded = count > 0
    }
    if let count = count("maxLength", of: object, at: location) {
      rules.maximumLength = count
      isNeeded = true
    }
    warnIfEmpty(rules.minimumLength, rules.maximumLength, "Length", at: location)
    if let value = object["pattern"] {
      let place = location.appending("pattern")
      if let text = value.string {
        if let index = pattern(text, at: place) {
          rules.pattern = index
          isNeeded = true
          let length = patterns[Int(index)].affordableLength
          if length < rules.maximumLength {
            warning(
              place,
              "pattern needs much work a character: texts beyond \(length) may be refused, bound them with 'maxLength'")
          }
        }
      } else {
        problem(place, "'pattern' must be a string, found \(value.typeName)")
      }
    }
    if let format = compileFormat(object, at: location) {
      rules.format = format
      isNeeded = true
    }
    guard isNeeded else { return }
    node.string = Int32(truncatingIfNeeded: strings.count)
    strings.append(rules)
  }

  private mutating func compileFormat(_ object: JSONObject, at location: SchemaLocation) -> StringFormat? {
    guard let value = object["format"] else { return nil }
    guard let name = value.string else {
      problem(location.appending("format"), "'format' must be a string, found \(value.typeName)")
      return nil
    }
    let isRequired = resources[location.resource].vocabularies.contains(.formatAssertion)
    guard options.assertsFormats || isRequired else { return nil }
    if let format = StringFormat(name: name) { return format }
    if !StringFormat.annotations.contains(name), let nearest = NearestWord.of(name, among: StringFormat.names) {
      warning(location.appending("format"), "unknown format '\(name)' has no effect; did you mean '\(nearest)'?")
    }
    return nil
  }

  /// A compiled pattern; nil where it is broken (and a problem is noted).
  mutating func pattern(_ text: String, at place: SchemaLocation) -> Int32? {
    if let known = patternIndexes[ExactText(text)] { return known }
    do throws(PatternError) {
      let pattern = try Pattern(text)
      let index = Int32(truncatingIfNeeded: patterns.count)
      patterns.append(pattern)
      patternIndexes[ExactText(text)] = index
      return index
    } catch {
      problem(place, "pattern '\(text)': \(error)")
      return nil
    }
  }

  /// A keyword that takes a number of things.
  mutating func count(_ keyword: String, of object: JSONObject, at location: SchemaLocation) -> Int? {
    guard let value = object[keyword] else { return nil }
    if let number = value.number, let count = number.int, count >= 0 { return count }
    let found = value.number?.text ?? value.typeName
    problem(location.appending(keyword), "'\(keyword)' must be a whole number from 0, found \(found)")
    return nil
  }

  mutating func warnIfEmpty(_ minimum: Int, _ maximum: Int, _ subject: String, at location: SchemaLocation) {
    guard minimum > maximum else { return }
    warning(location, "'min\(subject)' \(minimum) is above 'max\(subject)' \(maximum): nothing can be valid")
  }
}
