import GatewayJSON

/// The graph for programs. The shape is documented in docs/dependencies.md; members may be added, none changes.
extension DependencyGraph {
  public var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("version")
    writer.number(1)
    writer.name("start")
    writer.strings(start.map { dependencies[$0].name })
    writer.name("dependencies")
    writer.beginArray()
    for dependency in dependencies { write(dependency, to: &writer) }
    writer.endArray()
    writer.name("routes")
    writer.beginArray()
    for route in routes { write(route, to: &writer) }
    writer.endArray()
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(_ dependency: Dependency, to writer: inout JSONWriter) {
    writer.beginObject()
    for (name, value) in [
      ("name", dependency.name), ("scope", dependency.scope), ("plugin", dependency.plugin),
      ("provider", dependency.provider), ("type", dependency.type), ("execution", dependency.execution),
    ] {
      writer.name(name)
      writer.string(value)
    }
    writer.name("security")
    writer.bool(dependency.isSecurity)
    writer.name("teardown")
    writer.bool(dependency.hasTeardown)
    write("needs", dependency.needs, to: &writer)
    write(dependency.place, to: &writer)
    writer.endObject()
  }

  private func write(_ route: Route, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("methods")
    writer.strings(route.methods)
    for (name, value) in [
      ("host", route.host), ("path", route.path), ("name", route.name), ("action", route.action),
      ("handler", route.handler), ("execution", route.execution),
    ] {
      writer.name(name)
      if let value { writer.string(value) } else { writer.null() }
    }
    writer.name("groups")
    writer.strings(route.groups)
    write("guards", route.guards, to: &writer)
    write("needs", route.needs, to: &writer)
    writer.name("steps")
    writer.beginArray()
    for step in route.steps {
      writer.beginObject()
      writer.name("dependency")
      writer.string(dependencies[step.dependency].name)
      writer.name("scopes")
      writer.strings(step.scopes)
      writer.endObject()
    }
    writer.endArray()
    write(route.place, to: &writer)
    writer.endObject()
  }

  private func write(_ name: String, _ references: [Reference], to writer: inout JSONWriter) {
    writer.name(name)
    writer.beginArray()
    for reference in references {
      writer.beginObject()
      if let input = reference.input {
        writer.name("input")
        writer.string(input)
      }
      if let origin = reference.origin {
        writer.name("from")
        writer.string(origin)
      }
      writer.name("dependency")
      writer.string(dependencies[reference.dependency].name)
      writer.name("scopes")
      writer.strings(reference.scopes)
      if reference.origin != nil { write(reference.place, to: &writer) }
      writer.endObject()
    }
    writer.endArray()
  }

  private func write(_ place: Place?, to writer: inout JSONWriter) {
    writer.name("place")
    guard let place else { return writer.null() }
    writer.beginObject()
    writer.name("file")
    writer.string(place.file)
    writer.name("line")
    writer.number(place.line)
    writer.name("column")
    writer.number(place.column)
    writer.endObject()
  }
}

extension JSONWriter {
  mutating func strings(_ values: [String]) {
    beginArray()
    for value in values { string(value) }
    endArray()
  }
}
