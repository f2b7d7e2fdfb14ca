/// One entry of the dynamic symbol table.
public struct ELFSymbol: Sendable, Equatable {
  private static let size: UInt64 = 24

  let name: UInt32
  let info: UInt8
  let other: UInt8
  let section: UInt16

  static func address(table: UInt64, index: UInt32) -> UInt64 { table &+ UInt64(index) &* size }
  static var entrySize: UInt64 { size }

  init(_ block: ELFBlock) {
    name = block.u32(0)
    info = block.bytes.indices.contains(4) ? block.bytes[4] : 0
    other = block.bytes.indices.contains(5) ? block.bytes[5] : 0
    section = block.u16(6)
  }

  /// The entry that begins at `start` of a table that was read whole; the table has all of it.
  init(_ table: [UInt8], at start: Int) {
    name =
      UInt32(table[start]) | UInt32(table[start + 1]) << 8 | UInt32(table[start + 2]) << 16 | UInt32(table[start + 3]) << 24
    info = table[start + 4]
    other = table[start + 5]
    section = UInt16(table[start + 6]) | UInt16(table[start + 7]) << 8
  }

  /// Taken from another library.
  var isImported: Bool { section == 0 && name != 0 }

  /// Defined here (not imported), and visible to others: bound global, weak or unique, of default or protected
  /// visibility.
  var isExported: Bool {
    section != 0 && [1, 2, 10].contains(info >> 4) && [0, 3].contains(other & 3)
  }

  /// A function, or of no stated type, as assemblers leave it; not a variable.
  public var isFunction: Bool { [0, 2, 10].contains(info & 0xF) }
}

extension ELFFile {
  /// Symbols with one hash value, or in one bucket; real tables have a handful.
  private static let longestChain = 4096

  /// The symbol of that name which this file exports, found as the dynamic linker finds it: through a hash table.
  public func exportedSymbol(named name: String) throws(ELFFault) -> ELFSymbol? {
    guard let dynamic, let symbols = dynamic.symbolTable, dynamic.stringTable != nil else { return nil }
    if let table = dynamic.gnuHash { return try gnuLookup(name, table, symbols, dynamic) }
    if let table = dynamic.hash { return try systemVLookup(name, table, symbols, dynamic) }
    return nil
  }

  private func symbol(
    _ index: UInt32, _ table: UInt64, ifNamed name: String, _ dynamic: ELFDynamic
  ) throws(ELFFault) -> ELFSymbol? {
    let address = ELFSymbol.address(table: table, index: index)
    let symbol = ELFSymbol(try read(address: address, count: ELFSymbol.entrySize, "symbol table"))
    let wanted = Array(name.utf8) + [0]
    guard let strings = dynamic.stringTable, UInt64(symbol.name) < dynamic.stringTableSize,
      UInt64(wanted.count) <= dynamic.stringTableSize - UInt64(symbol.name)
    else { return nil }
    let text = try read(address: strings &+ UInt64(symbol.name), count: UInt64(wanted.count), "string table")
    return text.bytes == wanted && symbol.isExported ? symbol : nil
  }

  /// DT_GNU_HASH: four words (buckets, first hashed symbol, words of the Bloom filter, its shift), the filter, one word
  /// per bucket (its first symbol), one word per hashed symbol (its hash; the lowest bit ends a bucket).
  private func gnuLookup(
    _ name: String, _ table: UInt64, _ symbols: UInt64, _ dynamic: ELFDynamic
  ) throws(ELFFault) -> ELFSymbol? {
    let header = try read(address: table, count: 16, "symbol hash table")
    let bucketCount = header.u32(0)
    let first = header.u32(4)
    guard bucketCount > 0 else { return nil }
    var hash: UInt32 = 5381
    for byte in name.utf8 { hash = hash &* 33 &+ UInt32(byte) }

    let buckets = table &+ 16 &+ UInt64(header.u32(8)) &* 8
    let chains = buckets &+ UInt64(bucketCount) &* 4
    var index = try word(buckets &+ UInt64(hash % bucketCount) &* 4)
    guard index != 0 else { return nil }
    guard index >= first else { throw .malformed("symbol hash table names a symbol that it does not cover") }
    for _ in 0..<Self.longestChain {
      let entry = try word(chains &+ UInt64(index - first) &* 4)
      if entry | 1 == hash | 1, let symbol = try symbol(index, symbols, ifNamed: name, dynamic) { return symbol }
      guard entry & 1 == 0 else { return nil }
      guard index < UInt32.max else { break }
      index += 1
    }
    throw .malformed("symbol hash table has a chain of over \(Self.longestChain) symbols")
  }

  /// DT_HASH: two words (buckets, symbols), one word per bucket (its first symbol), one word per symbol (the next).
  private func systemVLookup(
    _ name: String, _ table: UInt64, _ symbols: UInt64, _ dynamic: ELFDynamic
  ) throws(ELFFault) -> ELFSymbol? {
    let header = try read(address: table, count: 8, "symbol hash table")
    let bucketCount = header.u32(0)
    guard bucketCount > 0 else { return nil }
    var hash: UInt32 = 0
    for byte in name.utf8 {
      hash = hash << 4 &+ UInt32(byte)
      hash = (hash ^ ((hash & 0xF000_0000) >> 24)) & 0x0FFF_FFFF
    }

    let buckets = table &+ 8
    let chains = buckets &+ UInt64(bucketCount) &* 4
    var index = try word(buckets &+ UInt64(hash % bucketCount) &* 4)
    for _ in 0..<Self.longestChain {
      guard index != 0 else { return nil }
      if let symbol = try symbol(index, symbols, ifNamed: name, dynamic) { return symbol }
      index = try word(chains &+ UInt64(index) &* 4)
    }
    throw .malformed("symbol hash table has a chain of over \(Self.longestChain) symbols")
  }

  private func word(_ address: UInt64) throws(ELFFault) -> UInt32 {
    try read(address: address, count: 4, "symbol hash table").u32(0)
  }
}
