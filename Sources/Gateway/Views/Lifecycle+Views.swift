import CGatewayPlugin
import GatewayJSON
import GatewayPluginHost
import GatewaySchema
import NIOCore

/// Views of app-scope values: made once, as soon as the value is there.
extension Lifecycle {
  /// Makes what other plugins take of the value of a step; why it could not be made, else nil. What an earlier snapshot made
  /// of it alike is taken over.
  func makeViews(ofStep step: Int) async -> PluginFailure? {
    let wanted = snapshot.appViews.indices.filter { snapshot.appViews[$0].source == step }
    guard !wanted.isEmpty, let value = values.made[step] else { return nil }
    var missing: [Int] = []
    for index in wanted {
      let view = snapshot.appViews[index]
      if let known = value.views.first(where: { isSame($0.view, as: view) }) {
        values.keep(known.lent, at: index)
      } else {
        missing.append(index)
      }
    }
    guard !missing.isEmpty else { return nil }
    do {
      // The contract: on the event loop that the value belongs to.
      let views = try await loop.submit { [snapshot, missing] in
        try missing.map { try Self.make(snapshot.appViews[$0], of: value) }
      }.get()
      for (index, lent) in zip(missing, views) {
        values.keep(lent, at: index)
        value.views.append(AppValue.MadeView(view: snapshot.appViews[index], lent: lent))
      }
      return nil
    } catch let failure as ViewFailure {
      return .contract(failure.cause)
    } catch {
      return .contract("the event loop is gone")
    }
  }

  /// Whether the other snapshot's view of the same value holds the same.
  private func isSame(_ one: ValueView, as other: ValueView) -> Bool {
    one.type == other.type && one.consumer == other.consumer && (one.schema == nil) == (other.schema == nil)
      // A schema may refer to those of the file.
      && (one.schema == nil || hasSameSchemas)
  }

  private static func make(_ view: ValueView, of value: AppValue) throws(ViewFailure) -> LentView {
    guard view.type.kind == .json else { return LentView(service: try view.service(of: value.pointer)) }
    let bytes: [UInt8]
    if let text = value.text { bytes = text } else { bytes = try view.text(of: value.pointer) }
    value.text = bytes
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
