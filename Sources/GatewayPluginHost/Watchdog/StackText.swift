import CLoopWatch
import Glibc

/// Turns addresses of a stack into names. Not in the signal handler: it allocates and takes locks.
enum StackText {
  /// Frames of the handler and of the kernel's way into it.
  private static let handlerFrames = 2
  private static let longest = 24

  static func lines(_ sample: borrowing lw_sample) -> [String] {
    let count = min(Int(sample.frame_count), Int(LW_FRAMES))
    return withUnsafeBytes(of: sample.frames) { bytes in
      let frames = bytes.bindMemory(to: UnsafeMutableRawPointer?.self).prefix(count).dropFirst(handlerFrames)
      return frames.enumerated().compactMap { index, address in
        // All but the innermost are return addresses, behind the call: maybe the first byte of the next function.
        address.map { line(UnsafeRawPointer($0) - (index == 0 ? 0 : 1)) }
      }.prefix(longest).map { $0 }
    }
  }

  /// "function (libX.so)", or "libX.so+0x1234" where the image does not say.
  static func line(_ address: UnsafeRawPointer) -> String {
    var place = lw_place()
    guard lw_find_place(address, &place) != 0 else { return "0x" + String(UInt(bitPattern: address), radix: 16) }
    let image = place.file.map { name(ofFile: String(cString: $0)) } ?? "?"
    if let symbol = place.symbol { return "\(demangled(symbol)) (\(image))" }
    if let file = place.file, let symbol = lw_symbol_in_file(file, place.address) {
      defer { free(symbol) }
      return "\(demangled(symbol)) (\(image))"
    }
    return "\(image)+0x\(String(place.address, radix: 16))"
  }

  /// File name of the image that holds this address.
  static func image(of address: UnsafeRawPointer) -> String? {
    var place = lw_place()
    guard lw_find_place(address, &place) != 0, let file = place.file else { return nil }
    return name(ofFile: String(cString: file))
  }

  private static func name(ofFile path: String) -> String { String(path.split(separator: "/").last ?? "?") }

  private static func demangled(_ symbol: UnsafePointer<CChar>) -> String {
    guard let text = lw_demangled(symbol) else { return String(cString: symbol) }
    defer { free(text) }
    return String(cString: text)
  }
}
