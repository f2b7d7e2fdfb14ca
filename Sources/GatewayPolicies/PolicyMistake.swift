/// One mistake in a policy's options, found while it is compiled at load. The assembler adds the place in the file.
public struct PolicyMistake: Error, Sendable, Equatable, CustomStringConvertible {
  /// The option's key, such as `origins`.
  public var option: String
  /// Which item of a list, from 0; nil where the option is not a list.
  public var index: Int?
  /// The value as written.
  public var found: String
  /// What the option accepts.
  public var expected: String
  /// The nearest right value, or what to do.
  public var hint: String?

  public init(option: String, index: Int? = nil, found: String, expected: String, hint: String? = nil) {
    self.option = option
    self.index = index
    self.found = found
    self.expected = expected
    self.hint = hint
  }

  public var description: String {
    let place = index.map { "\(option)[\($0)]" } ?? option
    return "\(place): found \(found), expected \(expected)" + (hint.map { " (\($0))" } ?? "")
  }
}

/// All mistakes in one policy's options; never empty.
public struct PolicyMistakes: Error, Sendable, Equatable, CustomStringConvertible {
  public var all: [PolicyMistake]

  public init(_ all: [PolicyMistake]) { self.all = all }

  public var description: String { all.map(\.description).joined(separator: "\n") }
}
