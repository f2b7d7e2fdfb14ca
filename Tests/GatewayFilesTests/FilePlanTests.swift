import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayFiles

private let modified = 784_111_777  // Sun, 06 Nov 1994 08:49:37 GMT
private let now = modified + 1000
private let file = FileState(size: 1000, modified: modified, modifiedNanoseconds: 5)

private func plan(
  _ lines: [String], _ method: String = "GET", size: Int = 1000, now: Int = now, etag: EntityTag? = EntityTag("v1")
) throws -> FilePlan {
  let file = FileState(size: size, modified: modified)
  return FilePlan.decide(try head(method, lines), file, etag: try #require(etag), now: now)
}

@Suite struct ConditionTests {
  private static let at = "Sun, 06 Nov 1994 08:49:37 GMT"
  private static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
  private static let after = "Sun, 06 Nov 1994 08:49:38 GMT"

  @Test(
    arguments: [
      ([], FilePlan.whole), (["If-None-Match: \"v1\""], .notModified), (["If-None-Match: W/\"v1\""], .notModified),
      (["If-None-Match: *"], .notModified), (["If-None-Match: \"x\", W/\"v1\" ,, \"y\""], .notModified),
      (["If-None-Match: \"x\"", "If-None-Match: \"v1\""], .notModified), (["If-None-Match: \"x\""], .whole),
      (["If-None-Match: v1"], .whole), (["If-None-Match: \"v1"], .whole), (["If-None-Match: \"x\" \"v1\""], .whole),
      (["If-None-Match: \"v1\", *"], .whole), (["If-None-Match: w/\"v1\""], .whole), (["If-None-Match: "], .whole),
      (["If-Modified-Since: \(at)"], .notModified), (["If-Modified-Since: \(after)"], .notModified),
      (["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"], .notModified),
      (["If-Modified-Since: \(before)"], .whole), (["If-Modified-Since: nonsense"], .whole),
      (["If-Modified-Since: \(at)", "If-Modified-Since: \(at)"], .whole),
      // If-None-Match counts alone where it is present.
      (["If-None-Match: \"x\"", "If-Modified-Since: \(at)"], .whole),
      (["If-Match: \"v1\""], .whole), (["If-Match: *"], .whole), (["If-Match: \"x\", \"v1\""], .whole),
      (["If-Match: W/\"v1\""], .preconditionFailed), (["If-Match: \"x\""], .preconditionFailed),
      (["If-Match: nonsense"], .preconditionFailed), (["If-Match: \"v1"], .preconditionFailed),
      (["If-Unmodified-Since: \(at)"], .whole), (["If-Unmodified-Since: \(before)"], .preconditionFailed),
      (["If-Unmodified-Since: nonsense"], .whole), (["If-Match: \"v1\"", "If-Unmodified-Since: \(before)"], .whole),
      (["If-Match: \"v1\"", "If-None-Match: \"v1\""], .notModified),
      (["If-Match: \"x\"", "If-None-Match: \"v1\""], .preconditionFailed),
      (["If-None-Match: \"v1\"", "Range: bytes=0-1"], .notModified),
      (["If-Match: \"x\"", "Range: bytes=0-1"], .preconditionFailed),
    ] as [([String], FilePlan)])
  func `conditions are judged in the order of RFC 9110 §13.2.2`(lines: [String], expected: FilePlan) throws {
    #expect(try plan(lines) == expected)
  }

  @Test func `conditions of other methods fail where they would not read`() throws {
    #expect(try plan(["If-None-Match: \"v1\""], "POST") == .preconditionFailed)
    #expect(try plan(["If-Modified-Since: \(Self.at)"], "POST") == .whole)
    #expect(try plan(["If-None-Match: \"v1\""], "HEAD") == .notModified)
  }

  @Test func `a weak tag never matches strongly`() throws {
    let weak = EntityTag("v1", isWeak: true)
    #expect(try plan(["If-Match: \"v1\""], etag: weak) == .preconditionFailed)
    #expect(try plan(["If-None-Match: \"v1\""], etag: weak) == .notModified)
    #expect(try plan(["Range: bytes=0-1", "If-Range: \"v1\""], etag: weak) == .whole)
  }

  @Test func `a tag is time and size, and weak while the file is fresh`() throws {
    let tag = EntityTag(file, now: now)
    #expect(tag.fieldValue == "\"2ebc98a100000005-3e8\"")
    #expect(EntityTag(file, now: modified + 1).fieldValue == "W/\"2ebc98a100000005-3e8\"")
    #expect(EntityTag(file, now: modified - 50).isWeak)
    for extreme in [Int.min, Int.max] {
      #expect(EntityTag(FileState(size: 1, modified: extreme), now: now).isWeak == (extreme > 0))
    }
    #expect(EntityTag("a\"b") == nil && EntityTag("a b") == nil && EntityTag("a\r\n") == nil)
  }
}

@Suite struct RangeTests {
  @Test(
    arguments: [
      ("bytes=0-0", FilePlan.range(0..<1)), ("bytes=0-", .range(0..<1000)), ("bytes=999-", .range(999..<1000)),
      ("bytes=-1", .range(999..<1000)), ("bytes=-5000", .range(0..<1000)), ("bytes=10-5000", .range(10..<1000)),
      ("BYTES=0-9", .range(0..<10)), ("bytes= 0-9 ,", .range(0..<10)),
      ("bytes=0-99999999999999999999999", .range(0..<1000)),
      ("bytes=-99999999999999999999999", .range(0..<1000)), ("bytes=0-9,500-509", .ranges([0..<10, 500..<510])),
      ("bytes=500-509,0-9", .ranges([0..<10, 500..<510])), ("bytes=0-9,5-20", .range(0..<21)),
      ("bytes=0-9,10-20", .range(0..<21)), ("bytes=0-9,89-90", .range(0..<91)),
      ("bytes=0-9,90-91", .ranges([0..<10, 90..<92])),
      ("bytes=0-999,1-1,2-2", .range(0..<1000)), ("bytes=0-9,5000-", .range(0..<10)),
      ("bytes=1000-", .rangeNotSatisfiable), ("bytes=-0", .rangeNotSatisfiable),
      ("bytes=99999999999999999999-", .rangeNotSatisfiable), ("bytes=1000-,2000-", .rangeNotSatisfiable),
      // What cannot be read is as if it were not there.
      ("bytes=", .whole), ("bytes=,", .whole), ("bytes=5-4", .whole), ("bytes=a-b", .whole), ("bytes=0-9,x", .whole),
      ("bytes=--1", .whole), ("bytes=-", .whole), ("bytes=1", .whole), ("bytes=+1-2", .whole), ("items=0-9", .whole),
      ("bytes 0-9", .whole), ("bytes=0 -9", .whole), ("bytes=0-9-", .whole), ("", .whole),
    ] as [(String, FilePlan)])
  func `ranges are cut to the file`(value: String, expected: FilePlan) throws {
    #expect(try plan(["Range: \(value)"]) == expected)
  }

  @Test func `only GET has ranges, and only one field of them`() throws {
    for method in ["HEAD", "POST"] { #expect(try plan(["Range: bytes=0-1"], method) == .whole) }
    #expect(try plan(["Range: bytes=0-1", "Range: bytes=2-3"]) == .whole)
  }

  @Test func `an empty file has no ranges`() throws {
    for value in ["bytes=0-", "bytes=0-0", "bytes=-5"] {
      #expect(try plan(["Range: \(value)"], size: 0) == .rangeNotSatisfiable)
    }
  }

  @Test func `more than a hundred ranges are the whole file, a hundred are not`() throws {
    let ranges = { (count: Int) in
      "Range: bytes=" + (0..<count).map { "\($0 * 200)-\($0 * 200)" }.joined(separator: ",")
    }
    #expect(try plan([ranges(101)], size: 1 << 20) == .whole)
    guard case .ranges(let found) = try plan([ranges(100)], size: 1 << 20) else {
      Issue.record("no ranges")
      return
    }
    #expect(found.count == 100)
  }

  @Test func `whatever is asked for, ranges ascend, stay apart and lie in the file`() throws {
    var state: UInt64 = 42
    func random(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
    for _ in 0..<500 {
      let specs = (0..<random(20) + 1).map { _ in
        switch random(3) {
        case 0: "\(random(1200))-"
        case 1: "-\(random(1200))"
        default:
          {
            let low = random(1200)
            return "\(low)-\(low + random(300))"
          }()
        }
      }
      let asked: [Range<Int>]
      switch try plan(["Range: bytes=" + specs.joined(separator: ",")]) {
      case .range(let range): asked = [range]
      case .ranges(let ranges): asked = ranges
      case .rangeNotSatisfiable: continue
      case let other:
        Issue.record("\(specs): \(other)")
        continue
      }
      var end = -RangeSet.gap
      for range in asked {
        #expect(!range.isEmpty && range.lowerBound - end >= RangeSet.gap && range.upperBound <= 1000, "\(specs)")
        end = range.upperBound
      }
    }
  }

  @Test(
    arguments: [
      ("\"v1\"", FilePlan.range(0..<2)), ("W/\"v1\"", .whole), ("\"v2\"", .whole), ("\"v1\", \"v2\"", .whole),
      ("Sun, 06 Nov 1994 08:49:37 GMT", .range(0..<2)), ("Sun, 06 Nov 1994 08:49:38 GMT", .whole), ("nonsense", .whole),
      ("", .whole), ("*", .whole),
    ] as [(String, FilePlan)])
  func `a range counts only if the client's part is of this version`(value: String, expected: FilePlan) throws {
    #expect(try plan(["Range: bytes=0-1", "If-Range: \(value)"]) == expected)
  }

  @Test func `a date is no proof while the file is fresh`() throws {
    let lines = ["Range: bytes=0-1", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"]
    #expect(try plan(lines, now: modified + 1) == .whole)
    #expect(try plan(lines, now: modified + 2) == .range(0..<2))
  }
}

@Suite struct FileAnswerTests {
  private func answer(_ plan: FilePlan, fields: FieldLines = FieldLines()) throws -> FileAnswer {
    FileAnswer(
      plan, file, etag: try #require(EntityTag("v1")), contentType: "text/plain", fields: fields, boundary: "B")
  }

  private func text(_ answer: FileAnswer) -> String {
    answer.segments.map { segment in
      switch segment {
      case .bytes(let bytes): String(buffer: bytes)
      case .file(let range): "<\(range)>"
      }
    }.joined()
  }

  private func pairs(_ answer: FileAnswer) -> [String] { answer.fields.pairs.map { "\($0.name): \($0.value)" } }

  private let last = "last-modified: Sun, 06 Nov 1994 08:49:37 GMT"

  @Test func `the whole file`() throws {
    let answer = try answer(.whole)
    #expect(answer.status == 200 && text(answer) == "<0..<1000>")
    #expect(
      pairs(answer) == [
        "etag: \"v1\"", "content-length: 1000", "content-type: text/plain", "accept-ranges: bytes", last,
      ])
  }

  @Test func `an empty file has no segment`() throws {
    let answer = FileAnswer(
      .whole, FileState(size: 0, modified: 0), etag: try #require(EntityTag("v1")), contentType: "")
    #expect(answer.segments == [] && answer.fields.first("content-length") == "0")
    #expect(!answer.fields.contains("content-type"))
  }

  @Test func `one range`() throws {
    let answer = try answer(.range(10..<20))
    #expect(answer.status == 206 && text(answer) == "<10..<20>")
    #expect(
      pairs(answer) == [
        "etag: \"v1\"", "content-range: bytes 10-19/1000", "content-length: 10", "content-type: text/plain",
        "accept-ranges: bytes", last,
      ])
  }

  @Test func `several ranges, with the length of what is sent`() throws {
    let answer = try answer(.ranges([0..<2, 500..<510]))
    let expected = """
      --B\r\ncontent-type: text/plain\r\ncontent-range: bytes 0-1/1000\r\n\r\n<0..<2>\r\n\
      --B\r\ncontent-type: text/plain\r\ncontent-range: bytes 500-509/1000\r\n\r\n<500..<510>\r\n--B--\r\n
      """
    #expect(answer.status == 206 && text(answer) == expected)
    let length = expected.utf8.count - "<0..<2>".utf8.count - "<500..<510>".utf8.count + 12
    #expect(answer.fields.first("content-length") == "\(length)")
    #expect(answer.fields.first("content-type") == "multipart/byteranges; boundary=B")
    #expect(!answer.fields.contains("content-range"))
  }

  @Test func `not modified, failed, not satisfiable`() throws {
    var fields = FieldLines()
    for (name, value) in [
      ("cache-control", "max-age=1"), ("Vary", "accept"), ("x-other", "1"), ("content-disposition", "inline"),
      ("content-length", "7"), ("etag", "\"other\""),
    ] { fields.append(name: name, value: value) }
    let unchanged = try answer(.notModified, fields: fields)
    #expect(unchanged.status == 304 && unchanged.segments == [])
    #expect(pairs(unchanged) == ["cache-control: max-age=1", "Vary: accept", "etag: \"v1\""])
    let whole = try answer(.whole, fields: fields)
    #expect(whole.fields.all("etag") == ["\"v1\""] && whole.fields.all("content-length") == ["1000"])
    #expect(whole.fields.contains("x-other"))
    let failed = try answer(.preconditionFailed, fields: fields)
    #expect(failed.status == 412 && pairs(failed) == [])
    let unsatisfiable = try answer(.rangeNotSatisfiable, fields: fields)
    #expect(unsatisfiable.status == 416 && pairs(unsatisfiable) == ["content-range: bytes */1000"])
  }

  @Test func `a content type that was set stays`() throws {
    var fields = FieldLines()
    fields.append(name: "Content-Type", value: "text/x-mine")
    #expect(try answer(.whole, fields: fields).fields.all("content-type") == ["text/x-mine"])
    #expect(text(try answer(.ranges([0..<2, 500..<510]), fields: fields)).contains("content-type: text/x-mine\r\n"))
  }

  @Test func `boundaries differ and are letters and digits`() {
    let one = FileAnswer.boundary()
    #expect(one != FileAnswer.boundary() && one.allSatisfy { $0.isLetter || $0.isNumber } && one.count <= 70)
  }
}
