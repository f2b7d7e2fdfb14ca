import CGatewayPlugin

/// Writes to the gateway's log: one line of JSON each, with the facts that are given.
///
///     request.log.info("book lent", ["book": book.id, "reader": reader.name])
///
/// `request.log` adds the request's id, its route and the handler. Elsewhere make one with a name:
///
///     private let log = Log("bookshop.store")
///     log.warning("the disk is nearly full", ["free": bytes])
///
/// A message may have 16 KiB, and 32 facts of 64 bytes of name and 4 KiB of value; what is longer is cut, and the line says
/// so. Control characters are escaped: no text can pass itself off as another line. Without a gateway, as in a unit test
/// of a plugin's types, nothing is written.
public struct Log: Sendable {
  private let name: String
  private let call: CallHandle?
  private let host: HostAccess?

  /// - Parameter name: what speaks, written as `logger`.
  public init(_ name: String) {
    self.name = name
    call = nil
    host = nil
  }

  init(call: CallHandle?, name: String = "", host: HostAccess? = nil) {
    self.name = name
    self.call = call
    self.host = host
  }

  /// What only its developers want to know. The gateway's default level leaves it out.
  public func debug(_ message: @autoclosure () -> String, _ facts: KeyValuePairs<String, any CustomStringConvertible> = [:]) {
    write(GW_LOG_DEBUG, message(), facts, nil)
  }

  /// What happened, as it should.
  public func info(_ message: @autoclosure () -> String, _ facts: KeyValuePairs<String, any CustomStringConvertible> = [:]) {
    write(GW_LOG_INFO, message(), facts, nil)
  }

  /// What should not happen, but was dealt with.
  ///
  /// - Parameter error: written as `error`, its type as `error.type`.
  public func warning(
    _ message: @autoclosure () -> String, _ facts: KeyValuePairs<String, any CustomStringConvertible> = [:],
    error: (any Error)? = nil
  ) {
    write(GW_LOG_WARNING, message(), facts, error)
  }

  /// What somebody has to look at.
  ///
  /// - Parameter error: written as `error`, its type as `error.type`.
  public func error(
    _ message: @autoclosure () -> String, _ facts: KeyValuePairs<String, any CustomStringConvertible> = [:],
    error: (any Error)? = nil
  ) {
    write(GW_LOG_ERROR, message(), facts, error)
  }

  private func write(
    _ level: gw_log_level, _ message: String, _ facts: KeyValuePairs<String, any CustomStringConvertible>,
    _ error: (any Error)?
  ) {
    guard let host = host ?? HostAccess.current else { return }
    var lent = Headers()
    if !name.isEmpty { lent.append("logger", name) }
    for (name, value) in facts { lent.append(name, value.description) }
    if let error {
      lent.append("error", String(describing: error))
      lent.append("error.type", String(reflecting: type(of: error)))
    }
    var message = message
    guard host.hasServices else {
      // A host of contract 1.0 or 1.1 has lines of text only.
      lent.forEach { message += " \($0)=\(JSONWriter.text($1))" }
      return message.withUTF8 { host.table.pointee.log(level.rawValue, gw_bytes_borrowed(UnsafeRawBufferPointer($0))) }
    }
    message.withUTF8 { message in
      let message = gw_bytes_borrowed(UnsafeRawBufferPointer(message))
      lent.lend { facts in
        guard var call = call?.call else {
          return host.table.pointee.log_event(nil, level.rawValue, message, facts.baseAddress, facts.count)
        }
        host.table.pointee.log_event(&call, level.rawValue, message, facts.baseAddress, facts.count)
      }
    }
  }
}

extension Headers {
  func forEach(_ body: (_ name: String, _ value: String) -> Void) {
    var at = 0
    for (name, value) in lengths {
      body(
        String(decoding: bytes[at..<at + name], as: UTF8.self),
        String(decoding: bytes[at + name..<at + name + value], as: UTF8.self))
      at += name + value
    }
  }
}
