/// Builds trees from libyaml's events: follows aliases within limits, refuses duplicate keys, places every node.
///
/// An aliased node is shared, not copied; its expanded size is known when it is complete, so a bomb is refused by
/// arithmetic before anything grows.
struct YAMLComposer {
  private(set) var documents: [YAMLNode] = []
  private(set) var issues: [YAMLIssue] = []

  private let source: SourceText
  private let file: Int
  private let limits: YAMLLimits
  private var offsets = ScalarOffsets([])
  private var reader: YAMLEventReader?
  private var anchors: [String: Anchor] = [:]
  private var anchorSerial = 0
  private var aliases = 0
  private var nodes = 0

  /// A node, with what it counts against the limits.
  private struct Part {
    var node: YAMLNode
    /// Nodes, and nesting, once every alias below is followed.
    var size: Int
    var height: Int
  }

  private struct Anchor {
    /// Tells an anchor from a later one of the same name inside it, which takes precedence (YAML 1.2 §3.2.2.2).
    var serial: Int
    var mark: Mark
    /// Nil while its node is still being read.
    var part: Part?
  }

  init(source: SourceText, file: Int, limits: YAMLLimits) {
    self.source = source
    self.file = file
    self.limits = limits
  }

  mutating func run() {
    do throws(YAMLIssue) {
      try checkBytes()
      let text = source.bytes[SourceText.bytesOfMark(in: source.bytes)...]
      offsets = ScalarOffsets(text)
      guard let reader = YAMLEventReader(text) else { throw outOfMemory }
      self.reader = reader
      while true {
        let event = try next()
        switch event.kind {
        case .streamEnd: return
        case .documentStart:
          anchors = [:]
          documents.append(try node(from: try next(), depth: 1).node)
        default: continue
        }
      }
    } catch {
      issues.append(error)
    }
  }

  private mutating func checkBytes() throws(YAMLIssue) {
    let bytes = source.bytes
    guard bytes.count <= limits.size else {
      throw YAMLIssue(
        .limit, "the file has \(bytes.count) bytes; the limit is \(limits.size)", mark: .start(ofFile: file))
    }
    if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) {
      throw YAMLIssue(
        .encoding, "the file is UTF-16; it must be UTF-8", mark: .start(ofFile: file), help: "save the file as UTF-8")
    }
    if let bad = UTF8Check.firstInvalidByte(bytes) {
      throw YAMLIssue(
        .encoding, "byte 0x\(UTF8Check.hex(bytes[bad])) is not UTF-8", mark: mark(bytes: bad, bad + 1),
        help: "save the file as UTF-8")
    }
  }

  // MARK: Nodes

  private mutating func node(from event: YAMLEvent, depth: Int) throws(YAMLIssue) -> Part {
    switch event.kind {
    case .alias(let name):
      return try alias(name, mark: mark(event), depth: depth)
    case .scalar(let scalar, let anchor, let tag):
      try count(1, mark(event))
      let part = Part(node: scalarNode(scalar, tag: tag, event), size: 1, height: 0)
      if let anchor { define(anchor, at: part.node.mark).map { complete(anchor, $0, part) } }
      return part
    case .sequenceStart(let anchor, let tag):
      try enter(event, depth)
      let serial = anchor.flatMap { define($0, at: mark(event)) }
      checkTag(tag, CoreTag.sequence, event)
      let part = try sequence(event, tag: tag, depth: depth)
      if let anchor, let serial { complete(anchor, serial, part) }
      return part
    case .mappingStart(let anchor, let tag):
      try enter(event, depth)
      let serial = anchor.flatMap { define($0, at: mark(event)) }
      checkTag(tag, CoreTag.mapping, event)
      let part = try mapping(event, tag: tag, depth: depth)
      if let anchor, let serial { complete(anchor, serial, part) }
      return part
    default:
      // libyaml gives a node after DOCUMENT-START and inside collections; anything else is its fault, not the file's.
      throw YAMLIssue(.syntax, "a value is missing", mark: mark(event))
    }
  }

  private mutating func sequence(_ start: YAMLEvent, tag: String?, depth: Int) throws(YAMLIssue) -> Part {
    var items: [YAMLNode] = []
    var (size, height) = (1, 0)
    while true {
      let event = try next()
      if case .sequenceEnd = event.kind {
        let node = YAMLNode(.sequence(items), mark: mark(start, until: event, last: items.last), tag: tag)
        return Part(node: node, size: size, height: height + 1)
      }
      let part = try node(from: event, depth: depth + 1)
      items.append(part.node)
      size += part.size
      height = max(height, part.height)
    }
  }

  private mutating func mapping(_ start: YAMLEvent, tag: String?, depth: Int) throws(YAMLIssue) -> Part {
    var pairs: [YAMLPair] = []
    var keys: [String: Mark] = [:]
    var (size, height) = (1, 0)
    while true {
      let event = try next()
      if case .mappingEnd = event.kind {
        let node = YAMLNode(.mapping(pairs), mark: mark(start, until: event, last: pairs.last?.value), tag: tag)
        return Part(node: node, size: size, height: height + 1)
      }
      let key = try node(from: event, depth: depth + 1)
      let value = try node(from: try next(), depth: depth + 1)
      size += key.size + value.size
      height = max(height, key.height, value.height)
      if accept(key: key.node, &keys) { pairs.append(YAMLPair(key: key.node, value: value.node)) }
    }
  }

  /// Keys are compared by their text: `1` and `"1"` are two keys in YAML, but one in JSON and to the reader.
  private mutating func accept(key: YAMLNode, _ keys: inout [String: Mark]) -> Bool {
    let place = key.alias ?? key.mark
    guard let scalar = key.scalar else {
      report(YAMLIssue(.compositeKey, "a key must be a single word, not a list or a mapping", mark: place))
      return false
    }
    if scalar.text == "<<", scalar.style == .plain, key.tag == nil {
      report(
        YAMLIssue(
          .mergeKey, "`<<` does not merge mappings: YAML 1.2 has no merge keys", mark: place,
          help: "repeat the keys, or put what is shared under a name of its own; quote \"<<\" to use it as a plain key")
      )
      return false
    }
    if let first = keys[scalar.text] {
      report(
        YAMLIssue(
          .duplicateKey, "the key `\(scalar.text)` appears twice", mark: place, help: "remove one of the two",
          related: [.init("it is first given here", mark: first)]))
      return false
    }
    keys[scalar.text] = place
    return true
  }

  private mutating func scalarNode(_ scalar: YAMLScalar, tag: String?, _ event: YAMLEvent) -> YAMLNode {
    let node = YAMLNode(.scalar(scalar), mark: mark(event), tag: tag)
    guard let tag, tag != "!" else { return node }
    if !CoreTag.scalars.contains(tag) {
      report(unknownTag(tag, node.mark))
    } else if !CoreSchema.agrees(scalar.text, with: tag) {
      report(YAMLIssue(.tagMismatch, "`\(scalar.text)` is not what its tag \(short(tag)) says", mark: node.mark))
    }
    return node
  }

  private mutating func checkTag(_ tag: String?, _ fitting: String, _ event: YAMLEvent) {
    guard let tag, tag != "!", tag != fitting else { return }
    let isCore = CoreTag.scalars.contains(tag) || tag == CoreTag.sequence || tag == CoreTag.mapping
    let kind = fitting == CoreTag.sequence ? "list" : "mapping"
    report(
      isCore
        ? YAMLIssue(.tagMismatch, "a \(kind) is tagged \(short(tag))", mark: mark(event))
        : unknownTag(tag, mark(event)))
  }

  private func unknownTag(_ tag: String, _ mark: Mark) -> YAMLIssue {
    YAMLIssue(
      .unknownTag, "the tag \(short(tag)) has no meaning here", mark: mark,
      help: "remove it; the tags of the core schema are !!str, !!int, !!float, !!bool, !!null, !!seq and !!map")
  }

  private func short(_ tag: String) -> String {
    tag.hasPrefix(CoreTag.prefix) ? "!!" + tag.dropFirst(CoreTag.prefix.count) : tag
  }

  // MARK: Anchors and aliases

  private mutating func define(_ name: String, at mark: Mark) -> Int? {
    anchorSerial += 1
    anchors[name] = Anchor(serial: anchorSerial, mark: mark, part: nil)
    return anchorSerial
  }

  private mutating func complete(_ name: String, _ serial: Int, _ part: Part) {
    guard anchors[name]?.serial == serial else { return }
    anchors[name]?.part = part
  }

  private mutating func alias(_ name: String, mark: Mark, depth: Int) throws(YAMLIssue) -> Part {
    aliases += 1
    guard aliases <= limits.aliases else {
      throw YAMLIssue(.limit, "more than \(limits.aliases) aliases", mark: mark)
    }
    guard let anchor = anchors[name] else {
      report(YAMLIssue(.unknownAlias, "`*\(name)` refers to an anchor that is not defined before it", mark: mark))
      try count(1, mark)
      return Part(node: YAMLNode(.scalar(YAMLScalar("", style: .plain)), mark: mark), size: 1, height: 0)
    }
    guard var part = anchor.part else {
      throw YAMLIssue(
        .recursiveAlias, "`*\(name)` is inside the value that `&\(name)` names, so it would contain itself", mark: mark,
        related: [.init("the anchor is here", mark: anchor.mark)])
    }
    try count(part.size, mark)
    guard depth + part.height - 1 <= limits.depth else { throw tooDeep(mark) }
    part.node.alias = mark
    return part
  }

  private mutating func count(_ more: Int, _ mark: Mark) throws(YAMLIssue) {
    nodes += more
    guard nodes <= limits.nodes else {
      throw YAMLIssue(
        .limit, "more than \(limits.nodes) values once aliases are followed", mark: mark,
        help: aliases > 0 ? "use fewer aliases to aliases" : nil)
    }
  }

  private mutating func enter(_ event: YAMLEvent, _ depth: Int) throws(YAMLIssue) {
    try count(1, mark(event))
    guard depth <= min(limits.depth, YAMLLimits.deepest) else { throw tooDeep(mark(event)) }
  }

  private func tooDeep(_ mark: Mark) -> YAMLIssue {
    YAMLIssue(.limit, "more than \(limits.depth) levels of nesting", mark: mark)
  }

  // MARK: Events, places, issues

  private func next() throws(YAMLIssue) -> YAMLEvent {
    guard let reader else { throw outOfMemory }
    do throws(YAMLEventError) {
      return try reader.next()
    } catch {
      throw SyntaxMessage(source: source, file: file, offsets: offsets).issue(for: error)
    }
  }

  private var outOfMemory: YAMLIssue {
    YAMLIssue(.limit, "the parser has no memory", mark: .start(ofFile: file))
  }

  private mutating func report(_ issue: YAMLIssue) {
    if issues.count < limits.issues { issues.append(issue) }
  }

  private func mark(_ event: YAMLEvent) -> Mark {
    mark(bytes: offsets.byteOffset(of: event.start), offsets.byteOffset(of: event.end))
  }

  /// Block collections end, for libyaml, where the next token begins, often lines below; here where their last part
  /// ends.
  private func mark(_ start: YAMLEvent, until end: YAMLEvent, last: YAMLNode?) -> Mark {
    let from = offsets.byteOffset(of: start.start)
    if end.end > end.start { return mark(bytes: from, offsets.byteOffset(of: end.end)) }
    guard let last else { return mark(bytes: from, offsets.byteOffset(of: start.end)) }
    return mark(bytes: from, max(from, (last.alias ?? last.mark).end))
  }

  private func mark(bytes start: Int, _ end: Int) -> Mark {
    source.mark(file: file, from: start, to: end)
  }
}

extension YAMLLimits {
  /// The composer and its readers recurse; whatever `depth` says, this much stack is safe.
  static let deepest = 256
}
