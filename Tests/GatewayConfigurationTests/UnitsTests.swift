import GatewayConfiguration
import Testing

@Suite struct UnitsTests {
  @Test(arguments: [
    ("250ms", Duration.milliseconds(250)), ("5s", .seconds(5)), ("2m", .seconds(120)), ("1h", .seconds(3600)),
    ("365d", .seconds(31_536_000)), ("0s", .zero), ("1000ms", .seconds(1)),
  ])
  func durationsAreAWholeNumberAndAUnit(text: String, duration: Duration) {
    #expect(DurationText.parse(text) == duration)
    #expect(DurationText.parse(DurationText.format(duration)) == duration)
  }

  @Test(arguments: [
    "", "5", "s", "5 s", "-5s", "+5s", "1.5s", "5S", "1h30m", "99999999999999999999s", "9223372036854775807d", "５s",
    "5µs",
  ])
  func otherTextIsNoDuration(text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test(arguments: [
    ("512B", 512), ("64KiB", 65_536), ("1MiB", 1_048_576), ("2GiB", 2_147_483_648), ("10KB", 10_000),
    ("10MB", 10_000_000),
    ("1GB", 1_000_000_000), ("0B", 0),
  ])
  func sizesAreAWholeNumberAndAUnit(text: String, bytes: Int) {
    #expect(SizeText.parse(text) == bytes)
    #expect(SizeText.parse(SizeText.format(bytes)) == bytes)
  }

  @Test(arguments: ["", "5", "B", "5 B", "-5B", "1.5MiB", "5mb", "5K", "9223372036854775807GiB", "5Mib"])
  func otherTextIsNoSize(text: String) {
    #expect(SizeText.parse(text) == nil)
  }

  @Test func formatsUseTheLargestUnitWithoutRest() {
    #expect(DurationText.format(.seconds(90)) == "90s")
    #expect(DurationText.format(.milliseconds(1500)) == "1500ms")
    #expect(SizeText.format(1_048_577) == "1048577B")
    #expect(SizeText.format(3_000_000) == "3MB")
  }

  @Test func ratesCountPerUnitOfTime() {
    #expect(Rate.parse("50/s") == Rate(count: 50, per: .seconds(1)))
    #expect(Rate.parse("10/m") == Rate(count: 10, per: .seconds(60)))
    #expect(Rate.parse("100/h") == Rate(count: 100, per: .seconds(3600)))
    for text in ["", "/s", "0/s", "5", "5/", "5/x", "-1/s", "1.5/s", "5 / s", "5/s/s"] {
      #expect(Rate.parse(text) == nil, "\(text)")
    }
  }

  @Test(
    arguments: [
      ("timeout", ["timeouts", "listen"], "timeouts"), ("keepalive", ["keep_alive"], "keep_alive"),
      ("lisetn", ["limits", "listen"], "listen"), ("Workers", ["workers"], "workers"), ("zzz", ["head", "drain"], nil),
      ("a", ["b"], nil), ("hadn", ["head", "hand"], "hand"), ("", ["a"], nil),
    ] as [(String, [String], String?)])
  func theNearestWordIsTheOneMeant(word: String, candidates: [String], meant: String?) {
    #expect(NearestWord.of(word, among: candidates) == meant)
  }
}
