/// One ELF note: a small typed record in the file.
struct ELFNote: Sendable, Equatable {
  let name: [UInt8]
  let type: UInt32
  let descriptor: [UInt8]
}

extension ELFFile {
  /// Bytes of a note segment. Real ones have a few hundred; without a bound a file of 256 overlapping segments would
  /// hold the start for seconds.
  private static let longestNotes: UInt64 = 64 * 1024

  /// Descriptors of the notes of that name and type: in the note segments, or else in the sections of that name.
  /// `name` is without the NUL that ends it in the file.
  public func notes(name: StaticString, type: UInt32, section: StaticString) throws(ELFFault) -> [[UInt8]] {
    let wanted = Array("\(name)".utf8) + [0]
    func matching(_ notes: [ELFNote]) -> [[UInt8]] {
      notes.filter { $0.type == type && $0.name == wanted }.map(\.descriptor)
    }

    var found: [[UInt8]] = []
    for segment in segments where segment.kind == ELFSegment.Kind.note {
      found += matching(try notes(in: segment.file, alignment: segment.alignment))
    }
    guard found.isEmpty else { return found }
    for section in try sections(named: section) {
      found += matching(try notes(in: section.file, alignment: section.alignment))
    }
    return found
  }

  private func notes(in range: ELFRange, alignment: UInt64) throws(ELFFault) -> [ELFNote] {
    guard range.count <= Self.longestNotes else {
      throw .malformed("\(range.count) bytes of notes, over the limit of \(Self.longestNotes)")
    }
    return try Self.notes(in: bytes.read(range, "a note segment"), alignment: alignment)
  }

  /// Each note is three 32-bit words (size of name, size of descriptor, type), then both, each padded to 4 bytes, or
  /// to 8 where the segment is aligned so (`.note.gnu.property`).
  private static func notes(in block: ELFBlock, alignment: UInt64) throws(ELFFault) -> [ELFNote] {
    let unit = alignment == 8 ? 8 : 4
    func aligned(_ value: Int) -> Int { (value + unit - 1) / unit * unit }

    var notes: [ELFNote] = []
    var offset = 0
    // A tail shorter than a header is padding. Each turn takes at least 12 bytes.
    while offset <= block.bytes.count - 12 {
      // 32-bit numbers in a 64-bit Int: no sum of them and an offset overflows.
      let nameSize = Int(block.u32(offset))
      let descriptorSize = Int(block.u32(offset + 4))
      let descriptorStart = offset + aligned(12 + nameSize)
      guard let name = block.slice(offset + 12, nameSize),
        let descriptor = block.slice(descriptorStart, descriptorSize)
      else { throw .malformed("a note reaches outside its segment") }
      notes.append(ELFNote(name: name, type: block.u32(offset + 8), descriptor: descriptor))
      offset = descriptorStart + aligned(descriptorSize)
    }
    return notes
  }
}
