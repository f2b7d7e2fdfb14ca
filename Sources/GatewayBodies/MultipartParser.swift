import GatewayHTTP
import Glibc
import NIOCore

/// Takes a `multipart/form-data` body (RFC 7578, RFC 2046 §5.1) apart over any split of its bytes.
///
/// Strict where readers are known to differ, because what one of them takes for a part the next takes for data:
/// lines end with CR LF; nothing stands before the first delimiter but one CR LF, nothing after the last but line ends;
/// a delimiter is followed by CR LF or `--` and nothing else, so a boundary that only begins like the declared one is
/// refused and not guessed about. Every browser and HTTP library writes it that way.
///
/// Linear in the bytes whatever they are: a boundary holds no CR, so in CR LF `--boundary` no part of a failed match
/// can begin another one. A match that failed is data as far as it went, and the search goes on at the byte that failed
/// it. Nothing but the head of the part in hand is kept between calls.
///
/// After an error the parser must not be used again.
public struct MultipartParser: Sendable {
  public enum Event: Sendable, Equatable {
    case partBegan(MultipartPart)
    /// A piece of the content, never empty; how it is cut follows from how the body arrived.
    case partData(ByteBuffer)
    case partEnded
  }

  enum Phase: UInt8 {
    /// In the first delimiter, or the line end before it.
    case opening
    case data
    /// After a delimiter.
    case delimiterEnd, delimiterLineFeed, closingDash
    case head
    case epilogue
  }

  public let limits: FormLimits
  let decodesEscapes: Bool
  private(set) var phase = Phase.opening
  /// CR LF `--boundary`.
  private let delimiter: ByteBuffer
  /// Bytes of `delimiter` that have been seen. Before the first one its line end counts as seen.
  private var matched = 2
  /// Bytes of those that stood before the content and are none of it.
  private var borrowed = 0
  private var inPart = false
  private var isFile = false
  private var fields = 0
  private var files = 0
  private var partSize = 0
  private var text = 0
  private var total = 0
  private var head = ByteBuffer()
  /// Bytes looked at, for the proof that no input makes it look at them over and over.
  private(set) var examined = 0

  /// `boundary`: 1 to 70 bytes, as `MediaType.boundary` checks. `decodesEscapes`: whether `%22`, `%0D` and `%0A` in
  /// names and filenames are the quote, CR and LF that browsers write that way (HTML §4.10.21.8); FastAPI leaves them.
  public init(boundary: [UInt8], limits: FormLimits = FormLimits(), decodesEscapes: Bool = true) {
    self.limits = limits
    self.decodesEscapes = decodesEscapes
    delimiter = ByteBuffer(bytes: [carriageReturn, lineFeed, dash, dash] + boundary)
  }

  /// A parser for a body of that type; 400 where the boundary is missing or not allowed.
  public init(
    _ media: MediaType, limits: FormLimits = FormLimits(), decodesEscapes: Bool = true
  ) throws(HTTPError) {
    guard let boundary = media.boundary else { throw FormFault.missingBoundary }
    self.init(boundary: boundary, limits: limits, decodesEscapes: decodesEscapes)
  }

  /// Whether the last delimiter has been seen: the body can end here.
  public var isComplete: Bool { phase == .epilogue }

  /// To be called when the body has ended.
  public func finish() throws(HTTPError) {
    guard isComplete else { throw FormFault.invalid("the body ends before its last delimiter") }
  }

  /// The next event; nil where all of `chunk` is used up. Call until nil, then with the next bytes of the body.
  public mutating func next(_ chunk: inout ByteBuffer) throws(HTTPError) -> Event? {
    while chunk.readableBytes > 0 {
      if phase == .data {
        if let event = try readData(&chunk) { return event }
      } else if phase == .head {
        if let part = try readHead(&chunk) { return .partBegan(part) }
      } else if let byte = chunk.readInteger(as: UInt8.self) {
        try count(1)
        examined += 1
        if try step(byte) { return .partEnded }
      }
    }
    return nil
  }

  /// Takes one byte of a delimiter or the epilogue; true where a part ended.
  private mutating func step(_ byte: UInt8) throws(HTTPError) -> Bool {
    switch phase {
    case .opening:
      if matched == 2, byte == carriageReturn, total == 1 {
        matched = 1
      } else if byte == delimiter.getInteger(at: delimiter.readerIndex + matched, as: UInt8.self) {
        matched += 1
        if matched == delimiter.readableBytes { phase = .delimiterEnd }
      } else {
        throw FormFault.invalid("the body does not begin with its delimiter")
      }
    case .delimiterEnd:
      if byte == carriageReturn {
        phase = .delimiterLineFeed
      } else if byte == dash {
        phase = .closingDash
      } else {
        throw FormFault.invalid("a delimiter that goes on after the boundary")
      }
    case .delimiterLineFeed:
      guard byte == lineFeed else { throw FormFault.invalid("bare CR after a delimiter") }
      phase = .head
      head.clear()
      return endPart()
    case .closingDash:
      guard byte == dash else { throw FormFault.invalid("a delimiter that goes on after the boundary") }
      phase = .epilogue
      return endPart()
    case .epilogue:
      guard byte == carriageReturn || byte == lineFeed else {
        throw FormFault.invalid("bytes after the last delimiter")
      }
    case .data, .head: break
    }
    return false
  }

  private mutating func endPart() -> Bool {
    defer { inPart = false }
    return inPart
  }

  // MARK: content

  /// Content up to the next delimiter or the end of `chunk`; nil where there is none of it.
  private mutating func readData(_ chunk: inout ByteBuffer) throws(HTTPError) -> Event? {
    if matched > 0 {
      // In the middle of what began like a delimiter before this chunk.
      let taken = chunk.withUnsafeReadableBytes { match($0, from: 0) }
      chunk.moveReaderIndex(forwardBy: taken)
      try count(taken)
      let isOver = matched == delimiter.readableBytes
      if isOver {
        guard borrowed == 0 else { throw FormFault.invalid("a delimiter directly behind the head of a part") }
        phase = .delimiterEnd
      }
      guard !isOver, chunk.readableBytes > 0 else { return nil }
      // It was not one: what was seen is content, and known without having been kept.
      let content = delimiter.getSlice(at: delimiter.readerIndex + borrowed, length: matched - borrowed)
      matched = 0
      borrowed = 0
      guard let content, content.readableBytes > 0 else { return nil }
      return try data(content)
    }
    let (content, used) = chunk.withUnsafeReadableBytes { scan($0) }
    let piece = content > 0 ? chunk.readSlice(length: content) : nil
    chunk.moveReaderIndex(forwardBy: used - content)
    try count(used)
    if matched == delimiter.readableBytes { phase = .delimiterEnd }
    return try piece.map { piece throws(HTTPError) in try data(piece) }
  }

  /// Looks for a delimiter: how many bytes from the start are content, and how many were used. What lies between the
  /// two is the beginning of a delimiter, `matched` bytes of it.
  private mutating func scan(_ bytes: UnsafeRawBufferPointer) -> (content: Int, used: Int) {
    guard let base = bytes.baseAddress else { return (0, 0) }
    let count = bytes.count
    // Nothing but locals in the loop: content that is all CR costs a turn of it for each byte.
    let (content, agreed, looked) = delimiter.withUnsafeReadableBytes { delimiter in
      var at = 0
      var looked = 0
      while at < count {
        if bytes[at] != carriageReturn {
          guard let hit = memchr(base + at, Int32(carriageReturn), count - at) else { break }
          let next = base.distance(to: UnsafeRawPointer(hit))
          looked += next - at
          at = next
        }
        let most = min(delimiter.count, count - at)
        var agreed = 1
        while agreed < most, bytes[at + agreed] == delimiter[agreed] { agreed += 1 }
        looked += agreed + 1
        if agreed == most { return (at, agreed, looked) }
        at += agreed
      }
      return (count, 0, looked + count - at)
    }
    matched = agreed
    examined += looked
    return (content, content + agreed)
  }

  /// Goes on with the match in hand as far as the bytes agree; how many did.
  private mutating func match(_ bytes: UnsafeRawBufferPointer, from: Int) -> Int {
    var matched = matched
    let agreed = delimiter.withUnsafeReadableBytes { delimiter in
      var at = from
      while at < bytes.count, matched < delimiter.count, bytes[at] == delimiter[matched] {
        at += 1
        matched += 1
      }
      return at - from
    }
    self.matched = matched
    examined += agreed + 1
    return agreed
  }

  private mutating func data(_ piece: ByteBuffer) throws(HTTPError) -> Event {
    partSize += piece.readableBytes
    let limit = isFile ? limits.fileSize : limits.fieldSize
    if !isFile { try countText(piece.readableBytes) }
    if partSize > limit { throw isFile ? FormFault.fileTooLarge(limit) : FormFault.partTooLarge(limit) }
    return .partData(piece)
  }

  private mutating func countText(_ bytes: Int) throws(HTTPError) {
    text += bytes
    if text > limits.text { throw FormFault.textTooLarge(limits.text) }
  }

  private mutating func count(_ bytes: Int) throws(HTTPError) {
    total += bytes
    if total > limits.total { throw FormFault.bodyTooLarge(limits.total) }
  }

  // MARK: heads

  /// Gathers the header lines of a part; the part when the empty line has come.
  private mutating func readHead(_ chunk: inout ByteBuffer) throws(HTTPError) -> MultipartPart? {
    while chunk.readableBytes > 0 {
      let (count, isLine) = chunk.withUnsafeReadableBytes { bytes -> (Int, Bool) in
        guard let base = bytes.baseAddress, let hit = memchr(base, Int32(lineFeed), bytes.count) else {
          return (bytes.count, false)
        }
        return (base.distance(to: UnsafeRawPointer(hit)) + 1, true)
      }
      examined += count
      try self.count(count)
      try countText(count)
      guard head.readableBytes + count <= limits.partHead + 2, var line = chunk.readSlice(length: count) else {
        throw FormFault.invalid("the head of a part is larger than \(limits.partHead) bytes")
      }
      head.writeBuffer(&line)
      guard isLine else { return nil }
      let size = head.readableBytes
      let end = head.withUnsafeReadableBytes { bytes in
        (
          bytes.count >= 2 && bytes[bytes.count - 2] == carriageReturn,
          bytes.count == 2 || bytes.suffix(4).elementsEqual(emptyLine)
        )
      }
      guard end.0 else { throw FormFault.invalid("bare LF in the head of a part") }
      if end.1 {
        let lines = head.getSlice(at: head.readerIndex, length: size - 2) ?? ByteBuffer()
        let part = try MultipartHead(decodesEscapes: decodesEscapes).read(lines)
        try begin(part)
        return part
      }
    }
    return nil
  }

  private mutating func begin(_ part: MultipartPart) throws(HTTPError) {
    if part.isFile {
      files += 1
      guard files <= limits.files else { throw FormFault.tooManyFiles(limits.files) }
    } else {
      fields += 1
      guard fields <= limits.fields else { throw FormFault.tooManyFields(limits.fields) }
    }
    isFile = part.isFile
    inPart = true
    partSize = 0
    phase = .data
    // The line end of the empty line could be taken for that of a delimiter (RFC 2046 §5.1.1 allows it for a part
    // without content). Some readers do, others find content there, so such a delimiter is refused.
    matched = 2
    borrowed = 2
    // Only the storage is kept for the next head; a slice of it may live on in the part.
    head.clear()
  }
}

private let emptyLine: [UInt8] = [carriageReturn, lineFeed, carriageReturn, lineFeed]
private let dash = UInt8(ascii: "-")
let carriageReturn: UInt8 = 0x0D
let lineFeed: UInt8 = 0x0A
