import GatewayJSON
import GatewayYAML

// MARK: depends

extension RouteGuard {
  static let section = Section<RouteGuard>(
    "depends", "A dependency with what is asked of it.", make: RouteGuard(dependency: "")
  ) {
    Option(required: "dependency", \.dependency, Kind.string("the name of a dependency").located, "The dependency.")
    Option(
      "scopes", \.scopes, .list(of: Kind<String>.scope.located, isSingleAllowed: true), default: "[]",
      "What it and everything that it needs is asked for, after what is asked above it.")
  }
}

extension Kind where Value == RouteGuard {
  static var dependencyReference: Kind {
    let type = "the name of a dependency"
    let short = Kind(type, schema: .object(["type": .string("string"), "minLength": .integer(1)])) { cursor, decoder in
      Kind<String>.string(type).read(cursor, decoder).map { RouteGuard(dependency: Located($0, at: cursor.location)) }
    }
    return Kind.section(RouteGuard.section).orShort(short)
  }
}

// MARK: groups

extension RouteGroup {
  static let section = Section<RouteGroup>(
    "groups", "What several routes share. A route is in a group by its `group`.", make: RouteGroup()
  ) {
    Option(
      "group", optional: \.parent, Kind.string("the name of a group").located, default: "none",
      "The group that this one is part of: what that says comes first. At most \(GroupTree.deepest) groups, one in another.")
    Option(
      "prefix", optional: \.prefix, Kind.prefix.located, default: "none", "Stands before the paths of its routes.")
    Option(
      "use", \.use, .list(of: .policyUse), default: "[]",
      "Policies of its routes, run between those of every route and the route's own.")
    Option(
      "depends", \.guards, .list(of: .dependencyReference, isSingleAllowed: true, keepsGoodItems: true),
      default: "[]",
      "Dependencies that run before its routes answer, whether or not a handler takes their value.")
    Option(
      "needs", \.needs, .needs, default: "{}",
      "Inputs → dependencies, for handlers that have such an input; a route's own `needs` replace them.")
    Option("limits", \.limits, .section(RouteLimits.section), default: "{}", "Limits of its routes.")
    Option(
      "tags", \.tags, .list(of: Kind<String>.string("a tag").located), default: "[]",
      "Groups of the document, before the routes' own.")
    Option(
      "responses", \.responses, .responses, default: "{}",
      "Status → response, for statuses that a route does not list.")
    Option(
      "deprecated", optional: \.isDeprecated, .boolean, default: "false", "Clients should no longer use its routes.")
    Option("hidden", optional: \.isHidden, .boolean, default: "false", "The document does not have its routes.")
    Option(
      "security", optional: \.security, .list(of: .securityRequirement), default: "none",
      "Schemes of `openapi.security_schemes`, for routes that list none.")
  }
}

extension Kind where Value == String {
  fileprivate static var prefix: Kind {
    let path = Kind.pathPattern
    let type = "the beginning of a path such as `/admin`"
    return Kind(type, schema: .object(["type": .string("string"), "pattern": .string("^/.*[^/]$")]), show: \.self) {
      cursor, decoder in
      guard let text = path.read(cursor, decoder) else { return nil }
      guard text.hasSuffix("/") else { return text }
      let shorter = String(text.dropLast(text.reversed().prefix { $0 == "/" }.count))
      decoder.invalid(
        cursor, "a prefix does not end with `/`: the paths behind it begin with one", expected: type,
        suggestion: shorter.isEmpty ? nil : shorter, help: shorter.isEmpty ? "remove it" : nil)
      return nil
    }
  }
}

extension Kind where Value == [RouteGroup] {
  static var groups: Kind {
    let list = Kind.named("groups", Kind<RouteGroup>.section(RouteGroup.section))
    return Kind(list.type, schema: list.schema, sections: list.sections, show: { _ in "{}" }) { cursor, decoder in
      let groups = list.read(cursor, decoder)
      decoder.groups = GroupTree(groups ?? [], written: (cursor.entries ?? []).map(\.name.value))
      decoder.groups.check(decoder)
      return groups
    }
  }
}

/// Which group is part of which; routes are read against it.
struct GroupTree {
  private var groups: [String: RouteGroup] = [:]
  private var order: [String] = []
  /// Names that the file writes, those of groups with mistakes among them.
  private let written: [String]
  private let known: Set<String>

  /// Groups of one route: everything that they say is looked through for each of their routes.
  static let deepest = 32

  init(_ groups: [RouteGroup] = [], written: [String] = []) {
    self.written = written
    known = Set(written)
    for group in groups where self.groups.updateValue(group, forKey: group.name.value) == nil {
      order.append(group.name.value)
    }
  }

  /// The group of this name and those around it, outermost first. In a circle, which is a mistake, each once; of too many, which
  /// is one too, the innermost.
  func lineage(of name: String) -> [RouteGroup] {
    var list: [RouteGroup] = []
    var seen: Set<String> = []
    var next = groups[name]
    while let group = next, list.count < Self.deepest, seen.insert(group.name.value).inserted {
      list.append(group)
      next = group.parent.flatMap { groups[$0.value] }
    }
    return list.reversed()
  }

  /// Says so where there is no group of this name.
  func check(_ name: Located<String>, _ decoder: FileDecoder) {
    guard !known.contains(name.value) else { return }
    decoder.diagnostics.error(
      .unknownReference, "there is no group `\(name.value)`", at: name,
      expected: written.isEmpty ? "an entry under `groups`" : NearestWord.list(written),
      suggestion: NearestWord.of(name.value, among: written))
  }

  /// Each group is walked over once, however many are part of it.
  func check(_ decoder: FileDecoder) {
    // How many groups a group and those around it are.
    var depths: [String: Int] = [:]
    let places = Dictionary(order.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    for name in order {
      if let parent = groups[name]?.parent { check(parent, decoder) }
      var way: [String] = []
      var onWay: [String: Int] = [:]
      var next: String? = name
      while let group = next, groups[group] != nil, depths[group] == nil, onWay[group] == nil {
        onWay[group] = way.count
        way.append(group)
        next = groups[group]?.parent?.value
      }
      if let start = next.flatMap({ onWay[$0] }) {
        let circle = way[start...]
        for group in circle { depths[group] = 1 }
        way.removeSubrange(start...)
        // Told from the group that the file has first.
        let first = circle.min { (places[$0] ?? 0) < (places[$1] ?? 0) } ?? name
        let turn = circle.firstIndex(of: first) ?? start
        tell(of: Array(circle[turn...] + circle[..<turn]), decoder)
      }
      var depth = next.flatMap { depths[$0] } ?? 0
      for group in way.reversed() {
        depth += 1
        depths[group] = depth
        // Those inside have the same mistake.
        guard depth == Self.deepest + 1, let name = groups[group]?.name else { continue }
        decoder.diagnostics.error(
          .limit, "more than \(Self.deepest) groups are one in another", at: name,
          help: "say in one group what several of those around it say")
      }
    }
  }

  private func tell(of circle: [String], _ decoder: FileDecoder) {
    guard let name = circle.first, let parent = groups[name]?.parent else { return }
    decoder.diagnostics.error(
      .conflict, "groups are part of each other in a circle: \((circle + [name]).joined(separator: " → "))",
      at: parent,
      notes: circle.dropFirst().compactMap { other in
        groups[other]?.parent.map { .init("`\(other)` is part of `\($0.value)` here", at: $0) }
      })
  }
}

extension FileDecoder {
  /// Puts a route into its group: the path behind the prefixes, and what the groups say where the route does not. Nil
  /// with a diagnostic.
  func grouped(_ draft: RouteDraft, _ cursor: Cursor) -> RouteDraft? {
    var draft = draft
    if let group = draft.group { groups.check(group, self) }
    let lineage = draft.group.map { groups.lineage(of: $0.value) } ?? []
    draft.lineage = lineage.map(\.name.value)
    let prefix = lineage.map { $0.prefix?.value ?? "" }.joined()
    draft.match.path.value = prefix + draft.match.path.value
    guard !draft.match.path.value.isEmpty else {
      let match = cursor.child("match") ?? cursor
      invalid(
        match, "a match needs a path that begins with `/`", expected: "a method and a path such as `GET /books/{id}`",
        help: draft.group.map { "a path may be left out where the group has a `prefix`, and `\($0.value)` has none" })
      return nil
    }
    // The innermost has the say.
    for group in lineage.reversed() {
      draft.isDeprecated = draft.isDeprecated ?? group.isDeprecated
      draft.isHidden = draft.isHidden ?? group.isHidden
      draft.security = draft.security ?? group.security
      // A redirect has no responses but its own.
      guard draft.redirect == nil else { continue }
      draft.responses += group.responses.filter { response in
        !draft.responses.contains { $0.status.value == response.status.value }
      }
    }
    return draft
  }
}
