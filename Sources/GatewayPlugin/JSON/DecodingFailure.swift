/// Why a JSON value did not become a Swift value: what the gateway's schema could not say, such as an integer that does
/// not fit. Thrown by a handler's inputs it is a 422 in the gateway's own shape.
public struct DecodingFailure: Error, Sendable, CustomStringConvertible {
  /// From a container to a value in it.
  public enum Step: Sendable, Equatable {
    case name(String)
    case index(Int)
  }

  /// For the client; says nothing about the program.
  public let message: String
  /// The kind, as entries of a 422 have it.
  public let type: String
  /// From the value outwards: the last step is the outermost.
  private var steps: [Step] = []

  /// - Parameters:
  ///   - message: for the client; says nothing about the program.
  ///   - type: the kind, as entries of a 422 have it.
  public init(_ message: String, type: String = "value_error") {
    self.message = message
    self.type = type
  }

  /// From the root inwards.
  public var path: [Step] { steps.reversed() }

  /// The same failure, seen from the container that the value is in.
  public consuming func within(_ step: Step) -> DecodingFailure {
    steps.append(step)
    return self
  }

  /// A member that has to be there and is not.
  public static func missing(_ name: StaticString) -> DecodingFailure {
    DecodingFailure("Field required", type: "missing").within(.name("\(name)"))
  }

  /// A JSON Pointer (RFC 6901) and the message.
  public var description: String {
    var pointer = ""
    for step in path {
      switch step {
      case .index(let index): pointer += "/\(index)"
      case .name(let name):
        pointer += "/"
        for scalar in name.unicodeScalars {
          switch scalar {
          case "~": pointer += "~0"
          case "/": pointer += "~1"
          default: pointer.unicodeScalars.append(scalar)
          }
        }
      }
    }
    return pointer.isEmpty ? message : "\(pointer): \(message)"
  }
}

// For what `@Schema` writes.
extension DecodingFailure {
  /// The discriminator names none of a union's cases.
  public static func unknownTag(_ discriminator: StaticString) -> DecodingFailure {
    DecodingFailure("the value is none of those allowed", type: "union_tag_invalid").within(.name("\(discriminator)"))
  }
}

extension JSONView {
  /// The text of the member that tells the case of a union.
  public func discriminator(_ name: StaticString) throws(DecodingFailure) -> String {
    var members = try members()
    while let member = members.nextMember() {
      if member.isNamed(name) { return try member.decode(String.self) }
    }
    throw DecodingFailure("Field required", type: "union_tag_not_found").within(.name("\(name)"))
  }
}
