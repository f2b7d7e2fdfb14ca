import GatewayJSON

/// RFC 6901 pointers as text.
enum JSONPointer {
  static func escape(_ token: String) -> String {
    guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
    var result = ""
    for scalar in token.unicodeScalars {
      switch scalar {
      case "~": result += "~0"
      case "/": result += "~1"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func unescape(_ token: Substring) -> String {
    guard token.utf8.contains(UInt8(ascii: "~")) else { return String(token) }
    var result = ""
    var pending = false
    for scalar in token.unicodeScalars {
      if pending {
        result += scalar == "1" ? "/" : (scalar == "0" ? "~" : "~\(scalar)")
        pending = false
      } else if scalar == "~" {
        pending = true
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return pending ? result + "~" : result
  }

  static func tokens(_ pointer: String) -> [String] {
    // By bytes: with a combining mark behind it a slash is not a `Character` of its own.
    pointer.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst().map {
      unescape(Substring($0))
    }
  }

  /// The value `pointer` leads to; nil where it leads nowhere.
  static func resolve(_ pointer: String, in root: JSONValue) -> JSONValue? {
    var value = root
    for token in tokens(pointer) {
      switch value {
      case .object(let object):
        guard let member = object[token] else { return nil }
        value = member
      case .array(let items):
        guard let index = Int(token), items.indices.contains(index), String(index) == token else { return nil }
        value = items[index]
      default: return nil
      }
    }
    return value
  }

  /// Undoes percent-encoding in a URI fragment (RFC 6901 §6).
  static func percentDecoded(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
