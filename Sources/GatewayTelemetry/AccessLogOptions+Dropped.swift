import NIOCore

extension AccessLogOptions {
  /// The line that takes the place of `count` lost ones, in the log's own format so that its readers keep working.
  public func droppedLine(_ count: Int, at time: Int64) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 256) { memory in
      guard var line = LineCursor(memory) else { return 0 }
      var clock = ClockText()
      switch format {
      case .json:
        line.write("{\"timestamp\":\"")
        clock.writeRFC3339(time, to: &line)
        line.write("\",\"level\":\"warning\",\"message\":\"access log lines dropped\",\"dropped\":")
        line.write(count)
        line.write("}\n")
      case .combined:
        line.write("- - - [")
        clock.writeCommon(time, to: &line)
        line.write("] \"-\" 000 0 \"-\" \"access log lines dropped: ")
        line.write(count)
        line.write("\" 0.000\n")
      }
      return line.overflowed ? 0 : line.count
    }
    return buffer
  }
}
