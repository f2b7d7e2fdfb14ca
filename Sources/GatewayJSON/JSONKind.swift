/// What a JSON value is. The raw values order scalars before containers, which the tape relies on.
public enum JSONKind: UInt8, Sendable, Hashable {
  case null = 0
  case `false` = 1
  case `true` = 2
  case number = 3
  case string = 4
  case array = 5
  case object = 6

  @inlinable public var isContainer: Bool { rawValue >= JSONKind.array.rawValue }
}
