import GatewayJSON

/// Applicators that few schemas have, apart from the loop that runs the others.
extension Evaluator {
  @inline(never)
  mutating func satisfiesRareApplicator(_ applicator: Applicator, _ index: Int, _ depth: Int) -> Bool {
    switch applicator.operation {
    case .dependent:
      guard tape.member(program.texts[Int(applicator.second)], of: index) != nil else { return true }
      return isValid(applicator.first, index, depth: depth + 1)
    case .unevaluated: return satisfiesUnevaluated(applicator, index, depth)
    case .tagged:
      guard case .schema(let branch, _) = alternative(applicator, index) else { return false }
      return branch < 0 || isValid(branch, index, depth: depth + 1)
    case .content: return satisfiesContent(tables.contents[applicator.first], index, depth)
    case .reference, .allOf, .anyOf, .oneOf, .not, .conditional: return false
    }
  }

  /// What a discriminator says about a value.
  enum Alternative {
    /// Not an object.
    case noObject
    /// The member that names the alternative is absent.
    case noTag
    /// Index of the tag's value on the tape.
    case unknownTag(Int)
    /// The schema may be none: it accepts everything. The tag is at `entry`.
    case schema(Int32, entry: Int32)
  }

  func alternative(_ applicator: Applicator, _ index: Int) -> Alternative {
    guard tape.nodes[index].kind == .object else { return .noObject }
    let rules = tables.discriminators[applicator.second]
    let end = tape.next(index)
    var key = index + 1
    while key < end {
      if !tape.nodes[key].isShadowed, tables.find(key, in: rules.property, tape) >= 0 {
        guard tape.nodes[key + 1].kind == .string else { return .unknownTag(key + 1) }
        let entry = tables.find(key + 1, in: rules.tags, tape)
        return entry < 0 ? .unknownTag(key + 1) : .schema(tables.nameEntries[entry].schema, entry: entry)
      }
      key = tape.next(key + 1)
    }
    return .noTag
  }
}
