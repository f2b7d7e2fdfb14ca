import CGatewayPlugin
import GatewayHTTP
import GatewayJSON

/// Values that other plugins take as JSON or as services: made when the first consumer is about to be called, once for
/// each value, and lent until the exchange ends.
struct ExchangeViews {
  /// By index into the route's views.
  private var made: [UnsafeMutableRawPointer?] = []
  /// JSON texts by the step whose value they are; in the arena.
  private var texts: [(step: Int, text: UnsafeRawBufferPointer)] = []

  subscript(index: Int) -> UnsafeMutableRawPointer? {
    get { made.indices.contains(index) ? made[index] : nil }
    set {
      while made.count <= index { made.append(nil) }
      made[index] = newValue
    }
  }

  func text(of step: Int) -> UnsafeRawBufferPointer? { texts.first { $0.step == step }?.text }
  mutating func keep(_ text: UnsafeRawBufferPointer, of step: Int) { texts.append((step, text)) }

  mutating func end() {
    // A view that could not be made leaves its text alone.
    guard !made.isEmpty || !texts.isEmpty else { return }
    made.removeAll(keepingCapacity: true)
    texts.removeAll(keepingCapacity: true)
  }
}

extension Exchange {
  /// What a consumer is lent for a value of another plugin.
  func view(_ index: Int) throws(ViewFailure) -> UnsafeMutableRawPointer {
    if let known = views[index] { return known }
    guard let route, route.views.indices.contains(index) else { throw ViewFailure("there is no view \(index)") }
    let view = route.views[index]
    guard values.indices.contains(view.source), let value = values[view.source] else {
      throw ViewFailure(view.cause("there is no value"))
    }
    let pointer = view.type.kind == .service ? try view.service(of: value) : try json(view, value)
    views[index] = pointer
    return pointer
  }

  private func json(_ view: ValueView, _ value: UnsafeMutableRawPointer) throws(ViewFailure) -> UnsafeMutableRawPointer {
    let text: UnsafeRawBufferPointer
    if let known = views.text(of: view.source) {
      text = known
    } else {
      // In the arena: it stays where it is until the exchange ends, after the value was torn down.
      text = try view.text(of: value).withUnsafeBytes { lent.arena.copy($0) }
      views.keep(text, of: view.source)
    }
    let isRewritten = try view.read(text, &runtime.document, &runtime.coerced)
    defer {
      runtime.document.reset()
      runtime.coerced.reset()
    }
    var lentValue = gw_json_borrowed()
    if isRewritten, let tape = runtime.coerced.document.unsafeTape {
      lentValue = lent.keep(tape, byteCount: runtime.coerced.byteCount)
    } else if let tape = runtime.document.unsafeTape {
      let words = UnsafeRawBufferPointer(start: tape.nodes, count: tape.count * MemoryLayout<JSONNode>.stride)
      lentValue = gw_json_borrowed(
        nodes: lent.arena.copy(words).baseAddress?.assumingMemoryBound(to: gw_json_node.self), node_count: tape.count,
        bytes: text.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }
    let place = lent.arena.allocate(MemoryLayout<gw_json_borrowed>.stride).bindMemory(to: gw_json_borrowed.self)
    _ = place.initialize(from: CollectionOfOne(lentValue))
    guard let pointer = UnsafeMutableRawPointer(place.baseAddress) else { throw ViewFailure(view.cause("no memory")) }
    return pointer
  }

  /// A value could not be given to another plugin: a 500 whose cause is in the log.
  func refuse(_ failure: ViewFailure) { refuse(HTTPError(500, cause: failure.cause)) }
}
