/// Writes key paths: `routes[2].parameters.book_id`. Keys that are no plain words are quoted: `schemas["a.b"]`.
enum KeyPathText {
  static func appending(key: String, to path: String) -> String {
    let isWord =
      !key.isEmpty
      && key.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "$"), 0x80...:
          true
        default: false
        }
      }
    guard isWord else { return path + "[\"" + key + "\"]" }
    return path.isEmpty ? key : path + "." + key
  }

  static func appending(index: Int, to path: String) -> String {
    path + "[" + String(index) + "]"
  }
}
