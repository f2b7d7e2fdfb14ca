import CGatewayPlugin
import GatewayPluginHost

/// Why an invocation of an isolated plugin gets no result from it, as the client and the log are told.
struct RemoteRefusal: Error {
  var status: UInt16
  /// For the client, as JSON; empty for the standard phrase.
  var detailJSON = ""
  var type: String
  /// For the log.
  var cause: String
  var mayRetry = false

  init(status: UInt16, detailJSON: String, type: String, cause: String) {
    self.status = status
    self.detailJSON = detailJSON
    self.type = type
    self.cause = cause
  }

  /// - Parameter detail: text for the client.
  init(status: UInt16, detail: String, type: String, cause: String, mayRetry: Bool = false) {
    // Names of plugins are checked: nothing in them needs an escape but these two.
    let escaped = detail.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    self.init(status: status, detailJSON: "\"\(escaped)\"", type: type, cause: cause)
    self.mayRetry = mayRetry
  }

  /// The process ended while it worked on this.
  static func ended(_ plugin: String, _ cause: String) -> RemoteRefusal {
    RemoteRefusal(
      status: 502, detail: "Plugin '\(plugin)' ended while it worked on this request", type: "PluginEnded", cause: cause)
  }

  static func valuesGone(_ plugin: String) -> RemoteRefusal {
    RemoteRefusal(
      status: 502, detail: "Plugin '\(plugin)' ended while it worked on this request", type: "PluginEnded",
      cause: "the worker that kept values of this request has ended")
  }

  static func notReady(_ plugin: String, _ cause: String) -> RemoteRefusal {
    RemoteRefusal(
      status: 503, detail: "Plugin '\(plugin)' is not available, try again", type: "PluginUnavailable", cause: cause,
      mayRetry: true)
  }

  static func busy(_ plugin: String, _ cause: String) -> RemoteRefusal {
    RemoteRefusal(
      status: 503, detail: "Plugin '\(plugin)' is busy, try again", type: "PluginBusy", cause: cause, mayRetry: true)
  }

  static func tooLarge(_ plugin: String, _ count: Int) -> RemoteRefusal {
    RemoteRefusal(
      status: 413, detail: "The request is too large for plugin '\(plugin)'", type: "TooLarge",
      cause: "an invocation of \(count) bytes; \(Frame.limit) can cross to an isolated plugin")
  }

  /// Fails the invocation with it.
  func fail(_ call: gw_call, _ host: UnsafePointer<gw_host>) {
    var (json, type, cause) = (detailJSON, type, cause)
    json.withUTF8 { json in
      type.withUTF8 { type in
        cause.withUTF8 { cause in
          var error = gw_error_borrowed()
          error.struct_size = UInt32(MemoryLayout<gw_error_borrowed>.size)
          error.status = status
          error.detail_json = lent(UnsafeRawBufferPointer(json))
          error.type = lent(UnsafeRawBufferPointer(type))
          error.description = lent(UnsafeRawBufferPointer(cause))
          guard mayRetry else { return _ = host.pointee.fail(call, &error) }
          let name: StaticString = "retry-after"
          let value: StaticString = "1"
          var field = gw_field_borrowed(
            name: gw_bytes_borrowed(bytes: name.utf8Start, count: name.utf8CodeUnitCount),
            value: gw_bytes_borrowed(bytes: value.utf8Start, count: value.utf8CodeUnitCount))
          withUnsafePointer(to: &field) { field in
            error.fields_borrowed = field
            error.field_count = 1
            _ = host.pointee.fail(call, &error)
          }
        }
      }
    }
  }
}
