import Foundation
import GatewayJSON
import Testing

/// nst/JSONTestSuite: `y_` must parse, `n_` must not, `i_` is ours to decide.
@Suite(.enabled(if: Corpora.directory("json-test-suite") != nil, "corpora absent: set GATEWAY_CORPORA"))
struct JSONTestSuiteTests {
  /// The `i_` files we accept; all others are refused. The reasons:
  /// - numbers are exact decimals, so no size within 9 digits of exponent is too large or too small;
  /// - depth is limited to 128, so 500 levels are refused;
  /// - text is UTF-8 without byte order mark, and escapes must make whole code points.
  static let accepted: Set<String> = [
    "i_number_double_huge_neg_exp.json", "i_number_neg_int_huge_exp.json", "i_number_pos_double_huge_exp.json",
    "i_number_real_neg_overflow.json", "i_number_real_pos_overflow.json", "i_number_real_underflow.json",
    "i_number_too_big_neg_int.json", "i_number_too_big_pos_int.json", "i_number_very_big_negative_int.json",
  ]

  static let refused: [String: JSONSyntaxError.Reason] = [
    "i_number_huge_exp.json": .numberOutOfRange,
    "i_object_key_lone_2nd_surrogate.json": .loneSurrogate,
    "i_string_1st_surrogate_but_2nd_missing.json": .loneSurrogate,
    "i_string_1st_valid_surrogate_2nd_invalid.json": .loneSurrogate,
    "i_string_UTF-16LE_with_BOM.json": .invalidUTF8,
    "i_string_UTF-8_invalid_sequence.json": .invalidUTF8,
    "i_string_UTF8_surrogate_U+D800.json": .invalidUTF8,
    "i_string_incomplete_surrogate_and_escape_valid.json": .loneSurrogate,
    "i_string_incomplete_surrogate_pair.json": .loneSurrogate,
    "i_string_incomplete_surrogates_escape_valid.json": .loneSurrogate,
    "i_string_invalid_lonely_surrogate.json": .loneSurrogate,
    "i_string_invalid_surrogate.json": .loneSurrogate,
    "i_string_invalid_utf-8.json": .invalidUTF8,
    "i_string_inverted_surrogates_U+1D11E.json": .loneSurrogate,
    "i_string_iso_latin_1.json": .invalidUTF8,
    "i_string_lone_second_surrogate.json": .loneSurrogate,
    "i_string_lone_utf8_continuation_byte.json": .invalidUTF8,
    "i_string_not_in_unicode_range.json": .invalidUTF8,
    "i_string_overlong_sequence_2_bytes.json": .invalidUTF8,
    "i_string_overlong_sequence_6_bytes.json": .invalidUTF8,
    "i_string_overlong_sequence_6_bytes_null.json": .invalidUTF8,
    "i_string_truncated-utf-8.json": .invalidUTF8,
    "i_string_utf16BE_no_BOM.json": .invalidUTF8,
    "i_string_utf16LE_no_BOM.json": .invalidUTF8,
    "i_structure_500_nested_arrays.json": .tooDeep,
    "i_structure_UTF-8_BOM_empty_object.json": .byteOrderMark,
  ]

  /// The `y_` files that repeat a member name: refused by default, accepted with `lastWins`.
  static let repeatsName: Set<String> = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]

  static func refusal(of url: URL, limits: JSONLimits = JSONLimits()) throws -> JSONSyntaxError.Reason? {
    let bytes = [UInt8](try Data(contentsOf: url))
    do throws(JSONSyntaxError) {
      _ = try JSONDocument(bytes, limits: limits)
      return nil
    } catch {
      return error.reason
    }
  }

  @Test func everyValidFileIsAccepted() throws {
    let files = Corpora.files("json-test-suite/test_parsing", suffix: ".json").filter {
      $0.lastPathComponent.hasPrefix("y_")
    }
    #expect(files.count == 95)
    for file in files {
      let name = file.lastPathComponent
      let refusal = try Self.refusal(of: file)
      #expect(refusal == (Self.repeatsName.contains(name) ? .duplicateKey : nil), "\(name)")
      #expect(try Self.refusal(of: file, limits: JSONLimits(duplicateKeys: .lastWins)) == nil, "\(name)")
    }
  }

  @Test func everyInvalidFileIsRefused() throws {
    let files = Corpora.files("json-test-suite/test_parsing", suffix: ".json").filter {
      $0.lastPathComponent.hasPrefix("n_")
    }
    #expect(files.count == 188)
    for file in files {
      #expect(try Self.refusal(of: file) != nil, "\(file.lastPathComponent)")
    }
  }

  @Test func everyOpenFileIsDecided() throws {
    let files = Corpora.files("json-test-suite/test_parsing", suffix: ".json").filter {
      $0.lastPathComponent.hasPrefix("i_")
    }
    #expect(files.count == 35)
    for file in files {
      let name = file.lastPathComponent
      let refusal = try Self.refusal(of: file)
      #expect(refusal == Self.refused[name], "\(name)")
      #expect((refusal == nil) == Self.accepted.contains(name), "\(name)")
    }
  }

  @Test func numbersAndNamesSurviveReadingAndWriting() throws {
    for file in Corpora.files("json-test-suite/test_transform", suffix: ".json") {
      let bytes = [UInt8](try Data(contentsOf: file))
      guard let document = try? Parsed(bytes: bytes, limits: JSONLimits(duplicateKeys: .lastWins)) else { continue }
      var writer = JSONWriter()
      writer.value(document.value())
      let again = try Parsed(bytes: writer.bytes)
      #expect(again.value() == document.value(), "\(file.lastPathComponent)")
      if file.lastPathComponent.hasPrefix("number_") {
        #expect(
          String(decoding: writer.bytes, as: UTF8.self)
            == String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
      }
    }
  }

  @Test func fastAPIsChoicesAcceptNoMoreThanTheyName() throws {
    let limits = JSONLimits(duplicateKeys: .lastWins, acceptsByteOrderMark: true)
    let more = try Corpora.files("json-test-suite/test_parsing", suffix: ".json").filter {
      let strict = try Self.refusal(of: $0)
      let open = try Self.refusal(of: $0, limits: limits)
      return strict != open && open == nil
    }
    #expect(
      Set(more.map(\.lastPathComponent)) == Self.repeatsName.union(["i_structure_UTF-8_BOM_empty_object.json"]))
  }

  @Test func theDecisionsAreTheOnesInTheDocumentation() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/json.md")
    var documented: [String: String] = [:]
    for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") where line.hasPrefix("| `i_") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      documented[cells[0].filter { $0 != "`" } + ".json"] = cells[1]
    }
    let decided = Self.refused.mapValues { _ in "refused" }
      .merging(Self.accepted.map { ($0, "accepted") }) { one, _ in one }
    #expect(documented == decided)
  }
}
