import Testing

@testable import GatewayPluginMacros

/// What is no schema is refused where it is written, with a way out.
struct SchemaDiagnosticsTests {
  private func expect(
    _ source: String, _ finding: String, mended: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let expansion = Expansion(source)
    #expect(expansion.findings == [finding], sourceLocation: sourceLocation)
    if let mended { #expect(expansion.mended == mended, sourceLocation: sourceLocation) }
  }

  @Test func aClassIsNoSchema() {
    expect(
      "@Schema final class A { var a: Int = 1 }",
      "1:15: @Schema is for structs and enums: values without identity; this is a class -> make it a struct",
      mended: "@Schema final struct A { var a: Int = 1 }")
    expect(
      "@Schema actor A {}",
      "1:9: @Schema is for structs and enums: values without identity; this is an actor -> make it a struct")
  }

  @Test func aConstraintThatCannotMeanAnythingIsRefused() {
    expect(
      "@Schema struct A { @Field(.minLength(1)) var a: Int }",
      "1:27: '.minLength' is for strings, and 'Int' is one of the numbers -> use '.minimum'",
      mended: "@Schema struct A { @Field(.minimum(1)) var a: Int }")
    expect(
      "@Schema struct A { @Field(.maxItems(1)) var a: String? }",
      "1:27: '.maxItems' is for arrays, and 'String?' is one of the strings -> use '.maxLength'")
    expect(
      "@Schema struct A { @Field(.range(1...2)) var a: [Int] }",
      "1:27: '.range' is for numbers, and '[Int]' is one of the arrays; remove it")
    expect(
      "@Schema struct A { @Field(.pattern(\"x\")) var a: Bool }",
      "1:27: '.pattern' is for strings, and 'Bool' is one of the booleans; remove it")
  }

  @Test func aPropertyNeedsAType() {
    expect(
      "@Schema struct A { var a = 1 }", "1:24: 'a' needs a type that can be read here: write it out -> write ': Int'",
      mended: "@Schema struct A { var a: Int = 1 }")
    expect("@Schema struct A { var a = f() }", "1:24: 'a' needs a type that can be read here: write it out")
  }

  @Test func whatHasNoFormInJSONIsRefused() {
    expect(
      "@Schema struct A { var a: (Int, Int) }",
      "1:27: '(Int, Int)' has no form in JSON; use a @Schema struct, an array or a map")
    expect(
      "@Schema struct A { var a: any P }",
      "1:27: 'any P' says nothing about the JSON; use a @Schema type, or JSONText for any value")
    expect("@Schema struct A { var (a, b): (Int, Int) }", "1:24: @Schema needs one name for each property: declare them one by one")
  }

  @Test func aConstantWithAValueIsRefused() {
    expect(
      "@Schema struct A { let a: Int = 1 }",
      "1:31: 'a' can never be decoded: it is a constant with a value -> make it a variable with a default",
      mended: "@Schema struct A { var a: Int = 1 }")
  }

  @Test func twoPropertiesOfOneNameAreRefused() {
    expect(
      "@Schema struct A { var a: Int; @Field(.alias(\"a\")) var b: Int }", "1:56: 'a' and 'b' are both called \"a\" in JSON")
  }

  @Test func namesAreLiterals() {
    expect(
      "@Schema struct A { @Field(.alias(name)) var a: Int }",
      "1:34: a name is a string literal without interpolation, and not empty")
    expect(
      "@Schema(name: \"a b\") struct A { var a: Int }",
      "1:15: a schema's name is a string literal of letters, digits, '.', '-' and '_'")
  }

  @Test func aUnionNeedsADiscriminator() {
    expect(
      "@Schema enum A { case a(x: Int) }",
      "1:23: an enum with associated values needs a discriminator: the member of the JSON object that tells the case -> add 'discriminator: \"kind\"'",
      mended: "@Schema(discriminator: \"kind\") enum A { case a(x: Int) }")
    expect(
      "@Schema(closed: true) enum A { case a(x: Int) }",
      "1:37: an enum with associated values needs a discriminator: the member of the JSON object that tells the case -> add 'discriminator: \"kind\"'",
      mended: "@Schema(closed: true, discriminator: \"kind\") enum A { case a(x: Int) }")
    expect("@Schema(discriminator: \"k\") enum A { case a(Int, Int) }", "1:45: with several values each needs a label: its name in the JSON object")
    expect("@Schema(discriminator: \"k\") enum A { case a(k: Int) }", "1:45: 'k' is the discriminator; call the value something else")
    expect("@Schema(discriminator: k) enum A { case a(x: Int) }", "1:24: 'discriminator' is a string literal")
  }

  @Test func aDiscriminatorNeedsAUnion() {
    expect(
      "@Schema(discriminator: \"k\") enum A { case a }",
      "1:24: no case has associated values, so there is nothing for 'discriminator' to tell apart; remove it")
    expect(
      "@Schema(discriminator: \"k\") struct A { var a: Int }",
      "1:24: 'discriminator' is for enums with associated values; remove it")
    expect("@Schema enum A {}", "1:14: an enum without cases has no values to describe; add a case")
  }

  @Test func aFieldIsAPropertyOfASchema() {
    expect("struct A { @Field(.minimum(1)) var a: Int }", "1:12: @Field is read by @Schema: put @Schema before the struct around it")
    expect(
      "@Schema struct A { @Field(.minimum(1)) var a: Int { 1 } }",
      "1:20: @Field is for stored properties: this one is no part of the schema")
    expect("@Schema struct A { @Field(.minimum(1)) func a() {} }", "1:20: @Field is for stored properties of a @Schema struct")
  }
}
