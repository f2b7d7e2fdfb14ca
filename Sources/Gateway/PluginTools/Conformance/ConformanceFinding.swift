import GatewayJSON

/// One thing that a plugin does wrong, or that deserves a look.
public struct ConformanceFinding: Sendable, Hashable {
  public enum Severity: String, Sendable { case error, warning }

  /// Stable, for programs.
  public enum Code: String, Sendable, CaseIterable {
    /// Its file would be refused, or the dynamic linker or the descriptor's reader refuses it.
    case refused
    /// What it declares cannot be made into routes and dependencies.
    case doesNotFitTogether
    case doesNotStart
    case doesNotStop
    case unhealthy
    case completesTwice
    /// Such as a handler that provides.
    case completesWrongly
    /// A status, field name or value that cannot be sent.
    case answersInvalidly
    /// An inline or blocking function that leaves its invocation open.
    case returnsWithoutCompleting
    case doesNotAnswer
    /// Neither at the deadline nor when the client has gone.
    case neverCompletes
    /// With an error that is no answer for a client.
    case fails
    case holdsLoop
    case tokenWithoutRelease
    case leaksDescriptors
    case worksAfterStop
    /// A signal ended the process.
    case traps
    case exits
    /// A step did not end within its time.
    case hangs
  }

  public var code: Code
  public var severity: Severity
  /// The plugin's function that it is about, such as `greet` or `store.teardown`; empty where it is none.
  public var function: String
  public var text: String
  public var remedy: String

  init(_ code: Code, _ severity: Severity = .error, _ function: String = "", _ text: String, remedy: String) {
    self.code = code
    self.severity = severity
    self.function = function
    self.text = text
    self.remedy = remedy
  }

  init?(_ json: JSONValue) {
    guard let code = json["code"]?.string.flatMap(Code.init), let text = json["text"]?.string,
      let severity = json["severity"]?.string.flatMap(Severity.init), let function = json["function"]?.string,
      let remedy = json["remedy"]?.string
    else { return nil }
    self.init(code, severity, function, text, remedy: remedy)
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    for (name, value) in [
      ("code", code.rawValue), ("severity", severity.rawValue), ("function", function), ("text", text),
      ("remedy", remedy),
    ] {
      writer.name(name)
      writer.string(value)
    }
    writer.endObject()
  }
}
