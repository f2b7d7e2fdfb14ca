extension Violation {
  /// One sentence for a person, in the words of `FastAPIViolationFormat`.
  public var message: String { FastAPIWording(kind, input: .null).message }
}
