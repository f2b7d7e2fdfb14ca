import CGatewayPlugin
import GatewayJSON
import GatewayPluginHost
import GatewaySchema
import NIOCore

/// Views of app-scope values: made once, as soon as the value is there.
extension Lifecycle {
  /// Makes what other plugins take of the value of a step; why it could not be made, else nil.
  func makeViews(ofStep step: Int) async -> PluginFailure? {
    let wanted = snapshot.appViews.indices.filter { snapshot.appViews[$0].source == step }
    guard !wanted.isEmpty, let value = values[step] else { return nil }
    let lent = ProvidedValue(value)
    do {
      // The contract: on the event loop that the value belongs to.
      let views = try await loop.submit { [snapshot] () -> [LentView] in
        guard let value = lent.pointer else { return [] }
        var text: [UInt8]?
        return try wanted.map { try Self.make(snapshot.appViews[$0], of: value, &text) }
      }.get()
      for (index, view) in zip(wanted, views) { values.keep(view, at: index) }
      return nil
    } catch let failure as ViewFailure {
      return .contract(failure.cause)
    } catch {
      return .contract("the event loop is gone")
    }
  }

  private static func make(
    _ view: ValueView, of value: UnsafeMutableRawPointer, _ text: inout [UInt8]?
  ) throws(ViewFailure) -> LentView {
    guard view.type.kind == .json else { return LentView(service: try view.service(of: value)) }
    let bytes: [UInt8]
    if let text { bytes = text } else { bytes = try view.text(of: value) }
    text = bytes
    var document = JSONDocument()
    var coerced = CoercedDocument()
    // The document points into `bytes`, so all that reads it stays inside.
    let result = bytes.withUnsafeBytes { bytes -> Result<LentJSON?, ViewFailure> in
      do throws(ViewFailure) {
        guard try view.read(bytes, &document, &coerced) else { return .success(LentJSON(Array(bytes))) }
        var writer = JSONWriter()
        if let tape = coerced.document.unsafeTape { writer.value(tape, 0) }
        return .success(LentJSON(writer.bytes))
      } catch { return .failure(error) }
    }
    guard let json = try result.get() else { throw ViewFailure(view.cause("what it wrote is not JSON")) }
    return LentView(json: json)
  }
}
