import GatewayJSON

/// Why a string's content is not what `contentEncoding`, `contentMediaType` and `contentSchema` say.
public enum ContentFailure: Sendable, Hashable {
  case notBase64
  case notJSON
  case notValid
}

extension Evaluator {
  mutating func satisfiesContent(_ rules: ContentRules, _ index: Int, _ depth: Int) -> Bool {
    contentFailure(rules, index, depth) == nil
  }

  /// Nil for values that are no strings. Allocates the decoded content: a string's length at most.
  mutating func contentFailure(_ rules: ContentRules, _ index: Int, _ depth: Int) -> ContentFailure? {
    guard tape.nodes[index].kind == .string else { return nil }
    steps -= tape.nodes[index].stringLength / 16
    guard steps > 0, depth + 64 < Evaluator.maximumDepth else {
      isExhausted = true
      return .notValid
    }
    var bytes = tape.withString(index) { Array($0) }
    if rules.isBase64 {
      guard let decoded = Base64Text.decode(bytes) else { return .notBase64 }
      bytes = decoded
    }
    guard rules.isJSON else { return nil }
    guard let document = try? JSONDocument(bytes), let content = document.unsafeTape else { return .notJSON }
    guard rules.schema >= 0 else { return nil }
    // A value of its own, with a budget that fits its size; what goes beyond is taken from the whole document's, so
    // that many small strings cannot ask for the fixed part of the budget each. Content inside content gets shorter
    // each time.
    var evaluator = Evaluator(program, content)
    let budget = evaluator.steps
    let isValid = evaluator.isValid(rules.schema, 0, depth: depth + 64)
    steps -= max(budget - evaluator.steps - content.count * 256, 0)
    if evaluator.isExhausted { isExhausted = true }
    return isValid ? nil : .notValid
  }
}
