import CSHA256
import Foundation
import GatewayPluginHost
import TestSupport
import Testing

@Suite("Digests of files")
struct FileDigestTests {
  /// FIPS 180-4's own examples, and one million letters.
  @Test(
    "Known texts have their known digests",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ])
  func known(_ text: String, _ digest: String) throws {
    #expect(Array(text.utf8).withUnsafeBytes { FileDigest(of: $0) }.hex == digest)
    let path = try BrokenPlugins.temporaryFolder() + "/text"
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    #expect(try FileDigest.sha256(of: .open(path)).description == "sha256:\(digest)")
  }

  @Test("The processor's instructions and portable code agree, for every length, in parts of every length")
  func portable() {
    var bytes: [UInt8] = []
    for length in 0..<300 {
      var whole = gw_sha256()
      gw_sha256_start(&whole)
      var parts = FileDigest.Hash()
      bytes.withUnsafeBytes { bytes in
        gw_sha256_add_portably(&whole, bytes.baseAddress, bytes.count)
        var rest = bytes[...]
        while !rest.isEmpty {
          let part = rest.prefix(length % 67 + 1)
          parts.add(UnsafeRawBufferPointer(rebasing: part))
          rest = rest.dropFirst(part.count)
        }
      }
      var digest = [UInt8](repeating: 0, count: 32)
      gw_sha256_finish(&whole, &digest)
      #expect(parts.finish().bytes == digest, "\(length) bytes")
      bytes.append(UInt8(truncatingIfNeeded: length &* 37 &+ 11))
    }
  }

  @Test("A digest is read from 64 digits, with its kind or without, and from nothing else")
  func reading() {
    let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(FileDigest(digits)?.hex == digits)
    #expect(FileDigest("sha256:" + digits.uppercased())?.hex == digits)
    for wrong in [
      "", "sha256:", String(digits.dropLast()), digits + "0", "sha512:" + digits, "g" + digits.dropFirst(),
      "sha256:" + digits.dropLast() + "é",
    ] {
      #expect(FileDigest(wrong) == nil, "\(wrong)")
    }
  }
}
