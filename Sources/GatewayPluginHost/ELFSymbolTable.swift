/// What a library gives to others and takes from others, by name.
struct ELFSymbolTable: Sendable {
  /// Names that it exports; the first of them where there are more than `mostNames`.
  fileprivate(set) var exports: [String] = []
  fileprivate(set) var exportCount = 0
  /// What it takes from other libraries, of that which was asked for.
  fileprivate(set) var imports: [String] = []

  static let mostNames = 200
}

extension ELFFile {
  /// Entries of a dynamic symbol table that are read: ten times those of a large Swift library with all of its symbols.
  private static let mostSymbols: UInt32 = 400_000
  private static let mostStrings: UInt64 = 64 << 20
  /// What some linkers export of themselves: where the parts of the image end.
  private static let marks = ["_end", "_edata", "__bss_start", "_init", "_fini"].map { Array($0.utf8) + [0] }

  /// Reads all of the dynamic symbol table.
  ///
  /// - Parameter wanted: which imports are of interest, by the beginning of their name, as UTF-8.
  func symbolTable(imports wanted: [[UInt8]]) throws(ELFFault) -> ELFSymbolTable {
    var table = ELFSymbolTable()
    guard let dynamic, let symbols = dynamic.symbolTable, let strings = dynamic.stringTable else { return table }
    let count = try symbolCount(dynamic)
    guard count <= Self.mostSymbols else {
      throw .malformed("\(count) dynamic symbols, over the limit of \(Self.mostSymbols)")
    }
    guard dynamic.stringTableSize <= Self.mostStrings else {
      throw .malformed("a string table of \(dynamic.stringTableSize) bytes, over the limit of \(Self.mostStrings)")
    }
    let names = try pieces(address: strings, count: dynamic.stringTableSize, "string table")
    let entries = try pieces(address: symbols, count: UInt64(count) * ELFSymbol.entrySize, "symbol table")
    for start in stride(from: 0, to: entries.count, by: Int(ELFSymbol.entrySize)) {
      let symbol = ELFSymbol(entries, at: start)
      guard symbol.isExported || symbol.isImported, Int(symbol.name) < names.count else { continue }
      let place = Int(symbol.name)
      if symbol.isExported {
        guard !Self.marks.contains(where: { Self.begins(names, at: place, with: $0) }) else { continue }
        table.exportCount += 1
        if table.exports.count < ELFSymbolTable.mostNames { table.exports.append(Self.text(names[place...])) }
      } else if table.imports.count < ELFSymbolTable.mostNames,
        wanted.contains(where: { Self.begins(names, at: place, with: $0) })
      {
        table.imports.append(Self.text(names[place...]))
      }
    }
    return table
  }

  /// By index: a slice for each of ten thousand names takes more time than all of the rest.
  private static func begins(_ names: [UInt8], at place: Int, with beginning: [UInt8]) -> Bool {
    guard beginning.count <= names.count - place else { return false }
    for index in beginning.indices where names[place + index] != beginning[index] { return false }
    return true
  }

  /// Up to its NUL.
  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    // As long as names of symbols get; a table without a NUL would be taken whole for each of them.
    Printable.text(String(decoding: bytes.prefix(4096).prefix { $0 != 0 }, as: UTF8.self))
  }

  /// A range that may be longer than one piece. The caller has bounded it.
  private func pieces(address: UInt64, count: UInt64, _ part: String) throws(ELFFault) -> [UInt8] {
    guard let range = range(address: address, count: count) else {
      throw .malformed("\(part) lies outside the loaded segments")
    }
    var all: [UInt8] = []
    all.reserveCapacity(Int(count))
    var offset: UInt64 = 0
    while offset < count {
      let size = min(ELFBytes.longestPiece, count - offset)
      // `range` lies inside the file, so no sum overflows.
      all += try bytes.read(ELFRange(offset: range.offset + offset, count: size), part).bytes
      offset += size
    }
    return all
  }

  /// How many entries the symbol table has: its own size is stated nowhere but in section headers, which may be stripped.
  private func symbolCount(_ dynamic: ELFDynamic) throws(ELFFault) -> UInt32 {
    if let table = dynamic.hash { return try read(address: table, count: 8, "symbol hash table").u32(4) }
    guard let table = dynamic.gnuHash else { return 0 }
    let header = try read(address: table, count: 16, "symbol hash table")
    let (buckets, first) = (header.u32(0), header.u32(4))
    let start = table &+ 16 &+ UInt64(header.u32(8)) &* 8
    guard buckets <= Self.mostSymbols else { throw .malformed("a symbol hash table with \(buckets) buckets") }
    let words = try pieces(address: start, count: UInt64(buckets) * 4, "symbol hash table")
    let block = ELFBlock(bytes: words)
    var last: UInt32 = 0
    for bucket in 0..<Int(buckets) { last = max(last, block.u32(bucket * 4)) }
    // Nothing is exported: only what stands before the hashed ones.
    guard last >= first, last > 0 else { return first }
    let chains = start &+ UInt64(buckets) &* 4
    while last <= Self.mostSymbols {
      let word = try read(address: chains &+ UInt64(last - first) &* 4, count: 4, "symbol hash table").u32(0)
      last += 1
      if word & 1 == 1 { return last }
    }
    throw .malformed("symbol hash table without an end")
  }
}
