/// Instruction set of an ELF file: `e_machine`.
public struct ELFMachine: RawRepresentable, Sendable, Equatable, CustomStringConvertible {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let amd64 = ELFMachine(rawValue: 62)
  public static let aarch64 = ELFMachine(rawValue: 183)

  /// The machine that this image was built for.
  public static var host: ELFMachine {
    #if arch(x86_64)
      .amd64
    #elseif arch(arm64)
      .aarch64
    #else
      #error("add the ELF machine number of this architecture")
    #endif
  }

  /// As target triples name it.
  var name: String { self == .amd64 ? "x86_64" : self == .aarch64 ? "aarch64" : "machine\(rawValue)" }

  public var description: String {
    switch rawValue {
    case 3: "x86 (32 bit)"
    case 8: "MIPS"
    case 20: "PowerPC"
    case 21: "PowerPC64"
    case 22: "s390x"
    case 40: "ARM (32 bit)"
    case 62: "x86-64"
    case 183: "aarch64"
    case 243: "RISC-V"
    case 258: "LoongArch"
    default: "machine \(rawValue)"
    }
  }
}

/// Kind of an ELF file: `e_type`.
public struct ELFType: RawRepresentable, Sendable, Equatable, CustomStringConvertible {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let relocatable = ELFType(rawValue: 1)
  public static let executable = ELFType(rawValue: 2)
  public static let shared = ELFType(rawValue: 3)
  public static let core = ELFType(rawValue: 4)

  public var description: String {
    switch self {
    case .relocatable: "an object file"
    case .executable: "an executable"
    case .shared: "a shared library"
    case .core: "a core dump"
    default: "ELF type \(rawValue)"
    }
  }
}

/// The first 16 bytes, which read the same in every ELF file, and the two numbers after them.
public struct ELFIdentity: Sendable, Equatable {
  /// 64 (`ELFCLASS64`), 32, or nil for another class byte.
  public let bits: Int?
  /// Nil for a data byte that is neither.
  public let isLittleEndian: Bool?
  public let type: ELFType
  public let machine: ELFMachine

  static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
  static let size = 20

  /// Nil where `bytes` does not start with ELF's magic number and two more numbers.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.size, bytes.starts(with: Self.magic) else { return nil }
    bits = bytes[4] == 2 ? 64 : bytes[4] == 1 ? 32 : nil
    isLittleEndian = bytes[5] == 1 ? true : bytes[5] == 2 ? false : nil
    func number(at index: Int) -> UInt16 {
      bytes[5] == 2
        ? UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1])
        : UInt16(bytes[index + 1]) << 8 | UInt16(bytes[index])
    }
    type = ELFType(rawValue: number(at: 16))
    machine = ELFMachine(rawValue: number(at: 18))
  }
}

/// The rest of a 64-bit little-endian file header.
struct ELFHeader: Sendable, Equatable {
  static let size = 64
  static let segmentEntrySize = 56
  static let sectionEntrySize = 64
  /// A shared library has about ten segments and, with debug information, fifty sections.
  static let mostSegments = 256
  static let mostSections = 8192

  let segmentTable: ELFRange
  let segmentCount: Int
  /// Empty where the section table was stripped.
  let sectionTable: ELFRange
  let sectionCount: Int
  let sectionNames: Int

  init(_ bytes: ELFBytes) throws(ELFFault) {
    let header = try bytes.read(ELFRange(offset: 0, count: UInt64(Self.size)), "file header")
    let segments = header.u64(32)
    let sections = header.u64(40)
    segmentCount = Int(header.u16(56))
    sectionCount = Int(header.u16(60))
    sectionNames = Int(header.u16(62))
    guard segmentCount == 0 || header.u16(54) == UInt16(Self.segmentEntrySize) else {
      throw .malformed("program headers are \(header.u16(54)) bytes each, not \(Self.segmentEntrySize)")
    }
    guard segmentCount <= Self.mostSegments else { throw .malformed("\(segmentCount) program headers") }
    segmentTable = ELFRange(offset: segments, count: UInt64(segmentCount * Self.segmentEntrySize))

    guard sections != 0 else {
      sectionTable = ELFRange(offset: 0, count: 0)
      return
    }
    guard sectionCount == 0 || header.u16(58) == UInt16(Self.sectionEntrySize) else {
      throw .malformed("section headers are \(header.u16(58)) bytes each, not \(Self.sectionEntrySize)")
    }
    guard sectionCount <= Self.mostSections else { throw .malformed("\(sectionCount) section headers") }
    sectionTable = ELFRange(offset: sections, count: UInt64(sectionCount * Self.sectionEntrySize))
  }
}

/// One program header: a part of the file that the dynamic linker uses.
struct ELFSegment: Sendable, Equatable {
  enum Kind { static let load: UInt32 = 1, dynamic: UInt32 = 2, note: UInt32 = 4, stack: UInt32 = 0x6474_E551 }

  let kind: UInt32
  private let flags: UInt32
  let file: ELFRange
  let address: UInt64
  let alignment: UInt64

  init(_ entry: ELFBlock) {
    kind = entry.u32(0)
    flags = entry.u32(4)
    file = ELFRange(offset: entry.u64(8), count: entry.u64(32))
    address = entry.u64(16)
    alignment = entry.u64(48)
  }

  /// `PF_X`.
  var isExecutable: Bool { flags & 1 != 0 }
}

/// One section header.
struct ELFSection: Sendable, Equatable {
  enum Kind { static let noBits: UInt32 = 8 }

  let name: UInt32
  let kind: UInt32
  let file: ELFRange
  let alignment: UInt64

  init(_ entry: ELFBlock) {
    name = entry.u32(0)
    kind = entry.u32(4)
    file = ELFRange(offset: entry.u64(24), count: entry.u64(32))
    alignment = entry.u64(48)
  }
}
