import GatewayHTTP
import Testing

@testable import GatewayRouting

@Suite struct RoutePatternTests {
  typealias Kind = RoutePatternProblem.Kind

  private func problems(_ text: String) -> [RoutePatternProblem] {
    do {
      _ = try RoutePattern(text)
      return []
    } catch {
      return error.problems
    }
  }

  @Test func parametersAreNamedInOrderWithTheirPlaces() throws {
    let pattern = try RoutePattern("/a/{b}/from-{c:int}-to-{d:uuid}/{e:path}")
    #expect(pattern.parameterNames == ["b", "c", "d", "e"])
    #expect(pattern.parameters.map(\.kind) == [.str, .int, .uuid, .path])
    #expect(pattern.parameters.map(\.offset) == [4, 13, 24, 33])
  }

  @Test func starIsShortForRest() throws {
    let pattern = try RoutePattern("/files/*rest")
    #expect(pattern.segments == (try RoutePattern("/files/{other:path}")).segments)
    #expect(pattern.parameters == [RouteParameter(name: "rest", kind: .path, offset: 8)])
  }

  @Test(arguments: [
    ("/caf%c3%a9", "/caf%C3%A9"), ("/café", "/caf%C3%A9"), ("/%41%7e", "/A~"), ("/a%2fb", "/a%2Fb"),
    ("/a b", "/a%20b"), ("/a%20b", "/a%20b"), ("/%7Bx%7D", "/%7Bx%7D"), ("/v1:run;x=1,2", "/v1:run;x=1,2"),
    ("/%2Ax", "/%2Ax"), ("/a*", "/a*"), ("/a|b^c`d\"e<f>", "/a%7Cb%5Ec%60d%22e%3Cf%3E"), ("/日本", "/%E6%97%A5%E6%9C%AC"),
  ])
  func literalsAreNormalisedAsPathsAre(text: String, path: String) throws {
    let pattern = try RoutePattern(text)
    #expect(pattern.segments == [.literal(Array(path.utf8.dropFirst()))])
    // The literal is what normalisation of requests produces, so the two can meet.
    let bytes = Array(path.utf8)
    let normal = try bytes.withUnsafeBytes { try RequestTarget.normalize($0) }
    #expect(normal.rewritten == nil && normal.path.count == bytes.count)
  }

  @Test func everyVisibleCharacterMeetsItsOwnNormalForm() throws {
    for byte in UInt8(0x21)..<0x7F where !"%/?#{}*\\".utf8.contains(byte) {
      let text = "/a" + String(UnicodeScalar(byte))
      let pattern = try RoutePattern(text)
      let normal = try Array(text.utf8).withUnsafeBytes { try RequestTarget.normalize($0) }
      let path = normal.rewritten.map { Array($0.readableBytesView) } ?? Array(text.utf8)
      #expect(pattern.segments == [.literal(Array(path.dropFirst()))], "\(text)")
    }
  }

  @Test(arguments: [
    ("", Kind.noLeadingSlash, 0), ("books", .noLeadingSlash, 0),
    ("/a//b", .emptySegment, 2), ("//", .emptySegment, 0),
    ("/a?b", .invalidCharacter("'?'"), 2), ("/a#b", .invalidCharacter("'#'"), 2),
    ("/a\u{1}", .invalidCharacter("a control character"), 2),
    ("/a%", .malformedEscape, 2), ("/a%2", .malformedEscape, 2), ("/a%zz", .malformedEscape, 2),
    ("/a/{b", .unclosedParameter, 3), ("/a/b}", .strayClosingBrace, 4), ("/{a}}", .strayClosingBrace, 4),
    ("/{}", .emptyParameterName, 1), ("/{:int}", .emptyParameterName, 1),
    ("/{a b}", .invalidParameterName("a b"), 2), ("/{1a}", .invalidParameterName("1a"), 2),
    ("/{a-b}", .invalidParameterName("a-b"), 2), ("/{é}", .invalidParameterName("é"), 2),
    ("/{a/b}", .invalidParameterName("a/b"), 2), ("/*a.b", .invalidParameterName("a.b"), 2),
    ("/{a}/{a}", .duplicateParameter("a"), 6), ("/{a}/*a", .duplicateParameter("a"), 6),
    ("/{a:number}", .unknownParameterKind("number"), 4), ("/{a:}", .unknownParameterKind(""), 4),
    ("/{a:Int}", .unknownParameterKind("Int"), 4),
    ("/{a}{b}", .adjacentParameters, 4), ("/x{a:int}{b:uuid}", .adjacentParameters, 9),
    ("/{a:int}0{b}", .ambiguousNumber, 8), ("/{a:int}7", .ambiguousNumber, 8),
    ("/{a:float}.{b}", .ambiguousNumber, 10), ("/{a:float}.5", .ambiguousNumber, 10),
    ("/{a}1{b:int}", .ambiguousNumber, 4),
    ("/{r:path}/b", .restNotLast, 1), ("/*r/b", .restNotLast, 1), ("/{r:path}/", .restNotLast, 1),
    ("/a{r:path}", .restNotWholeSegment, 2), ("/{r:path}.js", .restNotWholeSegment, 1),
    ("/a/*", .unnamedRest, 3), ("/*/b", .unnamedRest, 1),
  ])
  func mistakesAreNamedWithTheirPlace(text: String, kind: Kind, offset: Int) {
    let found = problems(text)
    #expect(found.first?.kind == kind)
    #expect(found.first?.offset == offset)
    #expect(found.count == 1)
  }

  @Test(arguments: [
    "/a/./b", "/a/..", "/%2e%2E/a", "/a%2F..", "/..;x=1", "/a%00", "/a%1f", "/a\\b", "/a%5Cb", "/%c0%ae", "/%ff",
  ])
  func patternsForPathsThatNeverReachRoutingAreRefused(text: String) {
    let found = problems(text)
    guard case .refusedPath? = found.first?.kind else {
      Issue.record("\(text): \(found)")
      return
    }
    #expect(found.count == 1)
  }

  @Test func everyMistakeOfAPatternIsReported() {
    let found = problems("/{a}{b}/%zz/{c:nope}/{a}")
    #expect(found.map(\.offset) == [4, 8, 15, 22])
  }

  @Test func limitsAreErrors() throws {
    let many = String(repeating: "/a", count: RoutePattern.maximumSegments)
    _ = try RoutePattern(many)
    #expect(problems(many + "/a").map(\.kind) == [.tooManySegments(limit: RoutePattern.maximumSegments)])
    let long = "/" + String(repeating: "a", count: RoutePattern.maximumLength)
    #expect(problems(long).map(\.kind) == [.tooLong(limit: RoutePattern.maximumLength)])
    let parameters = (0...RoutePattern.maximumParametersPerSegment).map { "{p\($0)}" }.joined(separator: "-")
    #expect(
      problems("/" + parameters).map(\.kind)
        == [.tooManyParameters(limit: RoutePattern.maximumParametersPerSegment)])
  }

  @Test func messagesSayWhatWouldBeRight() {
    #expect(problems("/{a:number}").first?.message.contains("str, int, float, uuid, path") == true)
    #expect(problems("/a/*").first?.message.contains("%2A") == true)
    #expect(problems("/a/../b").first?.message.contains("dot segment") == true)
  }
}

@Suite struct HostPatternTests {
  @Test(arguments: [
    ("", RoutePatternProblem.Kind.emptyHost, 0), ("shop.example:80", .hostWithPort, 12), ("[::1]:80", .hostWithPort, 5),
    ("*", .hostWildcard, 0), ("shop.*", .hostWildcard, 5), ("*.*.example", .hostWildcard, 2),
    ("a*.example", .hostWildcard, 1),
    ("shop_1.exämple", .invalidHostCharacter("a character outside ASCII"), 9),
    ("shop example", .invalidHostCharacter("a blank or control character"), 4),
    ("http//x", .invalidHostCharacter("'/'"), 4), ("a..b", .invalidHostLabel, 0), (".a", .invalidHostLabel, 0),
    (".", .invalidHostLabel, 0), ("*.", .invalidHostLabel, 2), ("[::1", .invalidHostAddress, 0),
    ("[::g]", .invalidHostAddress, 1),
    ("[127.0.0.1]", .invalidHostAddress, 1), ("1:2:3", .invalidHostAddress, 0), ("[::1%eth0]", .invalidHostAddress, 1),
  ])
  func mistakesAreNamedWithTheirPlace(text: String, kind: RoutePatternProblem.Kind, offset: Int) {
    do {
      let pattern = try HostPattern(text)
      Issue.record("accepted as \(pattern)")
    } catch {
      #expect(error.kind == kind)
      #expect(error.offset == offset)
    }
  }

  @Test func labelAndNameLengthsAreLimited() throws {
    let label = String(repeating: "a", count: 63)
    _ = try HostPattern("\(label).\(label).\(label).\(label.dropLast(2))")
    #expect(throws: RoutePatternProblem.self) { try HostPattern("a" + label) }
    #expect(throws: RoutePatternProblem.self) { try HostPattern("\(label).\(label).\(label).\(label)") }
  }

  @Test func spellingsOfOneHostAreEqual() throws {
    #expect(try HostPattern("Shop.Example.") == HostPattern("shop.example"))
    #expect(try HostPattern("[::1]") == HostPattern("0:0:0:0:0:0:0:1"))
    #expect(try HostPattern("*.shop.example") != HostPattern("shop.example"))
  }
}
