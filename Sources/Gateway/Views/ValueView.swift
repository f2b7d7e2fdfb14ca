import CGatewayPlugin
import GatewayJSON
import GatewayPluginHost
import GatewaySchema

/// A value of one plugin as another one takes it: which value, in which form, held against what.
final class ValueView: Sendable {
  /// The step that makes the value: of the route, or of the application.
  let source: Int
  let type: ViewType
  /// What the consumer needs of the JSON; nil: any will do.
  let schema: Schema?
  let provider: CompiledProvider
  /// Whose functions make it.
  private let maker: PluginProvider
  /// "handler `shop.show`".
  let consumer: String

  init(source: Int, request: ViewRequest, provider: CompiledProvider) {
    self.source = source
    type = request.type
    schema = request.schema
    self.provider = provider
    maker = request.maker
    consumer = request.consumer
  }

  /// Bytes of one value as JSON. More is a mistake: values are handed over for each exchange.
  static let largest = 8 << 20

  /// Why it could not be made, naming both plugins; for the log.
  func cause(_ reason: String) -> String {
    "dependency '\(provider.name)' of provider '\(provider.provider.function.label)' could not be given to \(consumer) as "
      + "\(type): \(reason)"
  }

  /// The service; throws where there is none, or it is another than what was declared.
  func service(of value: UnsafeMutableRawPointer) throws(ViewFailure) -> UnsafeMutableRawPointer {
    guard let service = maker.service(of: value) else {
      throw ViewFailure(cause("the value has no table of functions"))
    }
    guard service.pointee.major == type.major, service.pointee.minor >= type.minor else {
      throw ViewFailure(cause("its table is of version \(service.pointee.major).\(service.pointee.minor)"))
    }
    return UnsafeMutableRawPointer(mutating: service)
  }

  /// The value's JSON text, as its plugin writes it.
  func text(of value: UnsafeMutableRawPointer) throws(ViewFailure) -> [UInt8] {
    guard let text = maker.json(of: value, limit: Self.largest) else {
      throw ViewFailure(cause("the plugin could not write it in \(Self.largest >> 20) MiB of JSON"))
    }
    return text
  }

  /// Parses the text and holds it against the schema. Afterwards the value is in `coerced` where this is true, else in
  /// `document`, over `text`.
  func read(
    _ text: UnsafeRawBufferPointer, _ document: inout JSONDocument, _ coerced: inout CoercedDocument
  ) throws(ViewFailure) -> Bool {
    do throws(JSONSyntaxError) { try document.parse(text) } catch {
      throw ViewFailure(cause("what it wrote is not JSON: \(error)"))
    }
    guard let schema else { return false }
    switch schema.coerce(document, mode: .strict, limit: 3, into: &coerced) {
    case .unchanged: return false
    case .rewritten: return true
    case .invalid(let violations):
      // Pointers and rules, never the values: they may be secret.
      let list = violations.entries.map { "\($0.instancePointer.isEmpty ? "the value" : $0.instancePointer): \($0.message)" }
      throw ViewFailure(cause("it does not fit what is needed: \(list.joined(separator: "; "))"))
    }
  }
}

/// A value could not be given to another plugin; the text is for the log.
struct ViewFailure: Error {
  let cause: String
  init(_ cause: String) { self.cause = cause }
}

/// What a consumer asks of a dependency of another plugin.
struct ViewRequest: Sendable {
  let type: ViewType
  let schema: Schema?
  /// Whose functions make it: the provider's, or those of the one that it stands in for.
  let maker: PluginProvider
  let consumer: String
}

/// A view of an app-scope value, made once at start and lent to all exchanges.
final class LentView: @unchecked Sendable {
  // Proof for @unchecked: written in `init` only; the JSON behind it is not written either, and a service's table is
  // callable from any thread.
  let pointer: UnsafeMutableRawPointer
  private let json: LentJSON?
  private let place: UnsafeMutablePointer<gw_json_borrowed>?

  init(service: UnsafeMutableRawPointer) {
    pointer = service
    json = nil
    place = nil
  }

  init(json: LentJSON) {
    self.json = json
    let place = UnsafeMutablePointer<gw_json_borrowed>.allocate(capacity: 1)
    place.initialize(to: json.value)
    self.place = place
    pointer = UnsafeMutableRawPointer(place)
  }

  deinit { place?.deallocate() }
}
