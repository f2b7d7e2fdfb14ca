/// What matters of a 64-bit little-endian ELF file before it is opened, read without running any of it.
///
/// Follows the program headers, as the dynamic linker does: they say what will be used. Section headers may be stripped
/// or say something else; they only serve to find a note that no segment carries, as after a link with a script of one's
/// own.
///
/// Every offset, size and count in the file is taken for hostile: checked before use, and bounded.
public struct ELFFile: Sendable {
  let bytes: ELFBytes
  let segments: [ELFSegment]
  let dynamic: ELFDynamic?
  private let header: ELFHeader

  /// The caller has checked that `ELFIdentity` says 64-bit and little-endian.
  public init(_ bytes: ELFBytes) throws(ELFFault) {
    self.bytes = bytes
    header = try ELFHeader(bytes)
    let table = try bytes.read(header.segmentTable, "program header table")
    var segments: [ELFSegment] = []
    for index in 0..<header.segmentCount {
      guard let entry = table.slice(index * ELFHeader.segmentEntrySize, ELFHeader.segmentEntrySize) else { break }
      segments.append(ELFSegment(ELFBlock(bytes: entry)))
    }
    self.segments = segments
    // A copy that stopped half-way: mapping it works, touching a page behind its end raises SIGBUS.
    for segment in segments where segment.kind == ELFSegment.Kind.load {
      guard let end = segment.file.end, end <= bytes.size else {
        throw .truncated(part: "a loaded segment", needed: segment.file.end, size: bytes.size)
      }
    }
    guard let end = header.sectionTable.end, end <= bytes.size else {
      throw .truncated(part: "section header table", needed: header.sectionTable.end, size: bytes.size)
    }
    if let segment = segments.first(where: { $0.kind == ELFSegment.Kind.dynamic }) {
      dynamic = try ELFDynamic(bytes.read(segment.file, "dynamic section"))
    } else {
      dynamic = nil
    }
  }

  /// Where the dynamic linker would find `count` bytes at that address, or nil where no segment of the file has them.
  func range(address: UInt64, count: UInt64) -> ELFRange? {
    for segment in segments where segment.kind == ELFSegment.Kind.load && address >= segment.address {
      let distance = address - segment.address
      guard distance <= segment.file.count, count <= segment.file.count - distance else { continue }
      // The segment lies inside the file (checked in init), so the sum cannot overflow.
      return ELFRange(offset: segment.file.offset + distance, count: count)
    }
    return nil
  }

  func read(address: UInt64, count: UInt64, _ part: @autoclosure () -> String) throws(ELFFault) -> ELFBlock {
    guard let range = range(address: address, count: count) else {
      throw .malformed("\(part()) lies outside the loaded segments")
    }
    return try bytes.read(range, part())
  }

  /// Whether opening it makes the stacks of the process executable. The dynamic linker takes a file that says nothing for one
  /// that wants it.
  var wantsExecutableStack: Bool {
    segments.first { $0.kind == ELFSegment.Kind.stack }?.isExecutable ?? (ELFMachine.host == .amd64)
  }

  /// Section headers, empty where they were stripped.
  func sections() throws(ELFFault) -> [ELFSection] {
    let table = try bytes.read(header.sectionTable, "section header table")
    var sections: [ELFSection] = []
    for index in 0..<header.sectionCount {
      guard let entry = table.slice(index * ELFHeader.sectionEntrySize, ELFHeader.sectionEntrySize) else { break }
      sections.append(ELFSection(ELFBlock(bytes: entry)))
    }
    return sections
  }

  /// Sections of that name that have bytes in the file.
  func sections(named name: StaticString) throws(ELFFault) -> [ELFSection] {
    let sections = try sections()
    guard sections.indices.contains(header.sectionNames) else { return [] }
    let names = sections[header.sectionNames].file
    let wanted = Array("\(name)".utf8) + [0]
    var found: [ELFSection] = []
    for section in sections where section.kind != ELFSection.Kind.noBits {
      let offset = UInt64(section.name)
      guard offset <= names.count, UInt64(wanted.count) <= names.count - offset,
        let start = ELFRange(offset: names.offset, count: offset).end
      else { continue }
      let bytes = try bytes.read(ELFRange(offset: start, count: UInt64(wanted.count)), "section name")
      if bytes.bytes == wanted { found.append(section) }
      guard found.count <= Self.mostNamesakes else { throw .malformed("over \(Self.mostNamesakes) sections \(name)") }
    }
    return found
  }
}

/// The dynamic section: what the dynamic linker reads first.
struct ELFDynamic: Sendable, Equatable {
  private enum Tag {
    static let null: UInt64 = 0, needed: UInt64 = 1, hash: UInt64 = 4, stringTable: UInt64 = 5
    static let symbolTable: UInt64 = 6, stringTableSize: UInt64 = 10
    static let gnuHash: UInt64 = 0x6FFF_FEF5, flags1: UInt64 = 0x6FFF_FFFB
    static let textRelocations: UInt64 = 22, flags: UInt64 = 30
  }

  /// `DF_1_PIE`: an executable, though its ELF type is the one of a shared library.
  private static let positionIndependentExecutable: UInt64 = 0x0800_0000

  /// Offsets into the string table.
  private(set) var needed: [UInt64] = []
  private(set) var hash: UInt64?
  private(set) var gnuHash: UInt64?
  private(set) var symbolTable: UInt64?
  private(set) var stringTable: UInt64?
  private(set) var stringTableSize: UInt64 = 0
  private(set) var isExecutable = false
  /// The dynamic linker has to make code writable while it changes addresses in it.
  private(set) var hasTextRelocations = false

  init(_ block: ELFBlock) {
    var offset = 0
    while offset <= block.bytes.count - 16 {
      let value = block.u64(offset + 8)
      switch block.u64(offset) {
      case Tag.null: return
      case Tag.needed: needed.append(value)
      case Tag.hash: hash = value
      case Tag.gnuHash: gnuHash = value
      case Tag.symbolTable: symbolTable = value
      case Tag.stringTable: stringTable = value
      case Tag.stringTableSize: stringTableSize = value
      case Tag.textRelocations: hasTextRelocations = true
      // `DF_TEXTREL`.
      case Tag.flags: hasTextRelocations = hasTextRelocations || value & 4 != 0
      case Tag.flags1: isExecutable = value & Self.positionIndependentExecutable != 0
      default: break
      }
      offset += 16
    }
  }
}

extension ELFFile {
  fileprivate static let mostNamesakes = 16
  private static let mostLibraries = 256
  private static let longestName: UInt64 = 4096

  /// Names of the libraries that it needs, in its order (`DT_NEEDED`).
  public func neededLibraries() throws(ELFFault) -> [String] {
    guard let dynamic else { return [] }
    guard dynamic.needed.count <= Self.mostLibraries else {
      throw .malformed("it needs \(dynamic.needed.count) libraries, over the limit of \(Self.mostLibraries)")
    }
    var names: [String] = []
    for offset in dynamic.needed {
      names.append(String(decoding: try string(at: offset, dynamic), as: UTF8.self))
    }
    return names
  }

  /// Bytes of a NUL-terminated string of the dynamic string table.
  private func string(at offset: UInt64, _ dynamic: ELFDynamic) throws(ELFFault) -> [UInt8] {
    guard let table = dynamic.stringTable, offset < dynamic.stringTableSize else {
      throw .malformed("a library's name lies outside the string table")
    }
    let (address, overflow) = table.addingReportingOverflow(offset)
    let count = min(Self.longestName, dynamic.stringTableSize - offset)
    guard !overflow else { throw .malformed("string table at an impossible address") }
    let block = try read(address: address, count: count, "string table")
    guard let end = block.bytes.firstIndex(of: 0) else {
      throw .malformed("a library's name is longer than \(Self.longestName) bytes")
    }
    return Array(block.bytes[..<end])
  }
}
