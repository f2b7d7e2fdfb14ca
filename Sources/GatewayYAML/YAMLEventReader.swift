import CLibYAML

/// What the parser sees next. Positions count Unicode scalars from the start of the input.
struct YAMLEvent {
  enum Kind {
    case streamStart
    case streamEnd
    case documentStart(isExplicit: Bool)
    case documentEnd
    case alias(String)
    case scalar(YAMLScalar, anchor: String?, tag: String?)
    case sequenceStart(anchor: String?, tag: String?)
    case sequenceEnd
    case mappingStart(anchor: String?, tag: String?)
    case mappingEnd
  }

  var kind: Kind
  var start: Int
  var end: Int
}

/// Why libyaml stopped, in its own words.
struct YAMLEventError: Error {
  var problem: String
  /// A scalar position, or nil where only `byteOffset` is known (the reader's errors).
  var position: Int?
  var byteOffset: Int
  var context: String?
  var contextPosition: Int
  var isOutOfMemory: Bool
}

/// The one owner of a libyaml parser: frees it, the copy of the input it reads, and each event it makes. No `yaml_`
/// name appears outside this file.
final class YAMLEventReader {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// Copies the bytes: libyaml keeps a pointer to its input for as long as it parses. Nil when memory is out.
  init?(_ bytes: ArraySlice<UInt8>) {
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    // One byte at least: libyaml asserts that the pointer is not null.
    input = .allocate(capacity: bytes.count + 1)
    input.initialize(repeating: 0)
    _ = input.update(fromContentsOf: bytes)
    // Every member is set, so deinit runs for the nil below; deleting a zeroed parser frees nothing.
    guard yaml_parser_initialize(parser) == 1, let base = input.baseAddress else { return nil }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, base, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deinitialize(count: 1)
    parser.deallocate()
    input.deallocate()
  }

  func next() throws(YAMLEventError) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw error() }
    defer { yaml_event_delete(&event) }
    return YAMLEvent(kind: kind(of: event), start: event.start_mark.index, end: event.end_mark.index)
  }

  private func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
    switch event.type {
    case YAML_STREAM_START_EVENT: return .streamStart
    case YAML_DOCUMENT_START_EVENT: return .documentStart(isExplicit: event.data.document_start.implicit == 0)
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let data = event.data.scalar
      let value = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
      return .scalar(YAMLScalar(value, style: style(data.style)), anchor: text(data.anchor), tag: text(data.tag))
    case YAML_SEQUENCE_START_EVENT:
      let data = event.data.sequence_start
      return .sequenceStart(anchor: text(data.anchor), tag: text(data.tag))
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      let data = event.data.mapping_start
      return .mappingStart(anchor: text(data.anchor), tag: text(data.tag))
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    // STREAM-END, and NO_EVENT, which libyaml gives when asked for more after the end.
    default: return .streamEnd
    }
  }

  private func style(_ style: yaml_scalar_style_t) -> YAMLScalar.Style {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE: .literal
    case YAML_FOLDED_SCALAR_STYLE: .folded
    default: .plain
    }
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  private func error() -> YAMLEventError {
    let state = parser.pointee
    let isReader = state.error == YAML_READER_ERROR
    return YAMLEventError(
      problem: state.problem.map { String(cString: $0) } ?? "the text cannot be read",
      position: isReader ? nil : state.problem_mark.index,
      byteOffset: state.problem_offset,
      context: state.context.map { String(cString: $0) },
      contextPosition: state.context_mark.index,
      isOutOfMemory: state.error == YAML_MEMORY_ERROR)
  }
}
