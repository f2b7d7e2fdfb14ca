/// A stretch of a source file.
///
/// Lines and columns count from 1; a column counts Unicode scalars, as editors and compilers do. Offsets are bytes
/// from the start of the file and half open: `offset..<end`. Stored in 32 bits each: every node has one, and a file
/// of the largest size has a million nodes.
public struct Mark: Sendable, Hashable {
  private var storedFile: Int32
  private var storedLine: UInt32
  private var storedColumn: UInt32
  private var storedOffset: UInt32
  private var storedEnd: UInt32

  /// Which file of a set this is in; the set is kept by whoever asked for the parse.
  public var file: Int { Int(storedFile) }
  public var line: Int { Int(storedLine) }
  public var column: Int { Int(storedColumn) }
  public var offset: Int { Int(storedOffset) }
  public var end: Int { Int(storedEnd) }

  public init(file: Int = 0, line: Int, column: Int, offset: Int, end: Int) {
    storedFile = Int32(clamping: file)
    storedLine = UInt32(clamping: line)
    storedColumn = UInt32(clamping: column)
    storedOffset = UInt32(clamping: offset)
    storedEnd = UInt32(clamping: end)
  }

  /// The first byte of a file: where a diagnostic about the file as a whole points.
  public static func start(ofFile file: Int) -> Mark {
    Mark(file: file, line: 1, column: 1, offset: 0, end: 0)
  }
}
