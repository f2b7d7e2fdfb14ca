import NIOCore

/// What waits for the writer thread, and what became of it. A value; `Monitor` guards it.
struct LogQueue: Sendable {
  struct Batch: Sendable {
    var bytes: ByteBuffer
    var lines: Int
  }

  /// Everything the writer takes over at once.
  struct Work: Sendable {
    var batches: [Batch] = []
    /// Lines that found the queue full after these batches.
    var dropped = 0
    var reopens = false
    var closes = false
    /// What `processed` becomes when this is done.
    var sequence: UInt64 = 0
  }

  let limits: LogWriter.Limits
  private var batches: [Batch] = []
  private var bytes = 0
  private var lines = 0
  private var dropped = 0
  private var reopens = false
  /// Empty buffers that keep their storage, for the loops to fill again.
  private var spares: [ByteBuffer] = []
  /// Counts hand-overs and commands, so that a flush knows what it waits for.
  private(set) var sequence: UInt64 = 0
  private(set) var processed: UInt64 = 0
  private(set) var isClosing = false
  private(set) var isFinished = false
  /// Set when the deadline of the closing has passed: the writer gives up what it still has.
  private(set) var isAbandoned = false
  /// All lines lost since the start, for whatever reason.
  var droppedTotal = 0
  var writtenTotal = 0

  init(limits: LogWriter.Limits) { self.limits = limits }

  /// Takes a batch, or drops and counts it; gives an empty buffer in return.
  mutating func submit(_ batch: Batch) -> ByteBuffer {
    guard !isClosing, lines + batch.lines <= limits.lines, bytes + batch.bytes.readableBytes <= limits.bytes else {
      dropped += batch.lines
      droppedTotal += batch.lines
      return spares.popLast() ?? ByteBuffer()
    }
    batches.append(batch)
    bytes += batch.bytes.readableBytes
    lines += batch.lines
    sequence += 1
    return spares.popLast() ?? ByteBuffer()
  }

  mutating func requestReopen() {
    reopens = true
    sequence += 1
  }

  mutating func close() { isClosing = true }

  mutating func abandon() { isAbandoned = true }

  /// For the writer: all there is to do; nil where there is nothing.
  mutating func take() -> Work? {
    guard !batches.isEmpty || dropped > 0 || reopens || isClosing else { return nil }
    let work = Work(batches: batches, dropped: dropped, reopens: reopens, closes: isClosing, sequence: sequence)
    batches = []
    bytes = 0
    lines = 0
    dropped = 0
    reopens = false
    return work
  }

  /// For the writer: what it took is done with; `written` and `lost` are lines.
  mutating func finish(_ sequence: UInt64, written: Int, lost: Int) {
    processed = max(processed, sequence)
    writtenTotal += written
    droppedTotal += lost
  }

  mutating func finishClosing() {
    isFinished = true
    spares = []
  }

  /// Takes back an emptied buffer; few are kept, and no oversized ones.
  mutating func recycle(_ buffer: ByteBuffer) {
    guard spares.count < 4, buffer.capacity <= 256 * 1024 else { return }
    spares.append(buffer)
  }
}
