/// Ids and summaries for operations that have none, by FastAPI's rules.
enum OperationNames {
  /// `name` and path with every character that is no letter, digit or `_` as `_`, and the method:
  /// `list_books` at `/books/{id}` → `list_books_books__id__get`.
  static func identifier(name: String, path: String, method: String) -> String {
    var text = ""
    for scalar in (name + path).unicodeScalars {
      let properties = scalar.properties
      let isWord = scalar == "_" || properties.isAlphabetic || properties.numericType != nil
      text.unicodeScalars.append(isWord ? scalar : "_")
    }
    return text + "_" + method.lowercased()
  }

  /// `list_books` and `listBooks` → `List Books`.
  static func title(_ name: String) -> String {
    var words: [String] = []
    var word = ""
    var isLower = false
    for character in name {
      if character == "_" || character == "-" || character == "." || character == " " {
        if !word.isEmpty { words.append(word) }
        word = ""
        isLower = false
        continue
      }
      if character.isUppercase, isLower {
        words.append(word)
        word = ""
      }
      isLower = !character.isUppercase
      word.append(character)
    }
    if !word.isEmpty { words.append(word) }
    return words.map { word in word.prefix(1).uppercased() + word.dropFirst() }.joined(separator: " ")
  }
}

/// The usual phrases of statuses (RFC 9110 §15 and the IANA registry).
enum StatusPhrase {
  static func of(_ status: String) -> String {
    if let number = Int(status), let phrase = phrases[number] { return phrase }
    switch status.first {
    case "1": return "Information"
    case "2": return "Success"
    case "3": return "Redirection"
    case "4": return "Client Error"
    case "5": return "Server Error"
    default: return "Default Response"
    }
  }

  private static let phrases: [Int: String] = [
    100: "Continue", 101: "Switching Protocols", 103: "Early Hints",
    200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
    205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
    307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
    409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
    421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked", 424: "Failed Dependency", 425: "Too Early",
    426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 505: "HTTP Version Not Supported", 507: "Insufficient Storage", 508: "Loop Detected",
    511: "Network Authentication Required",
  ]
}
