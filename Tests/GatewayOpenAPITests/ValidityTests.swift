import GatewayJSON
import GatewayOpenAPI
import GatewaySchema
import Testing

/// What others say about our documents.
@Suite struct ValidityTests {
  @Test(.enabled(if: OutsideValidator.python != nil, "\(OutsideValidator.why)"))
  func documentsAreValid() throws {
    var documents: [JSONValue] = []
    for shape in [APIErrorShape.detail, .problem] {
      var description = Samples.everything
      description.errors = shape
      documents.append(OpenAPIDocument.make(from: description).document)
      documents.append(OpenAPIDocument.make(from: description, host: "eu.shop.example").document)
    }
    documents.append(OpenAPIDocument.make(from: APIDescription()).document)
    try expectValid(documents)
  }

  @Test(.enabled(if: OutsideValidator.python != nil, "\(OutsideValidator.why)"))
  func theValidatorWouldTell() throws {
    let broken: [JSONValue] = [
      ["openapi": "3.1.0", "info": ["title": "x"], "paths": [:]],
      [
        "openapi": "3.1.0", "info": ["title": "x", "version": "1"],
        "paths": ["/a": ["get": ["parameters": [["name": "x"]]]]],
      ],
    ]
    #expect(Set(try OutsideValidator.problems(broken).map(\.document)) == [0, 1])
  }

  @Test(.enabled(if: OutsideValidator.python != nil, "\(OutsideValidator.why)"))
  func randomDescriptionsAreDescribedValidly() throws {
    var random = Seeded(seed: 2024)
    var documents: [JSONValue] = []
    for _ in 0..<80 {
      let description = RandomDescription.make(&random)
      let host = random.next(4) == 0 ? "a.example" : nil
      documents.append(OpenAPIDocument.make(from: description, host: host).document)
    }
    try expectValid(documents)
  }

  @Test(
    .enabled(if: OutsideValidator.python != nil, "\(OutsideValidator.why)"),
    .enabled(if: Corpora.openAPI != nil, "corpora absent: set GATEWAY_CORPORA"))
  func officialDocumentsMergedAreValid() throws {
    var documents: [JSONValue] = []
    // Broken ones too: what is wrong with them must not come through.
    for (name, document) in Corpora.documents("pass") + Corpora.documents("fail") {
      var route = APIOperation(methods: [], path: "/up/{rest:path}", source: .proxy(upstream: "up"))
      route.upstreamDocument = APIUpstreamDocument(name: name, document: document)
      route.upstreamDocument?.path = "/{rest}"
      route.upstreamDocument?.keepsSecurity = true
      documents.append(OpenAPIDocument.make(from: api(route)).document)
    }
    try expectValid(documents)
  }

  private func expectValid(_ documents: [JSONValue]) throws {
    for (index, message) in try OutsideValidator.problems(documents) {
      let text = documents.indices.contains(index) ? OpenAPIDocument.bytes(of: documents[index], pretty: true) : []
      Issue.record("\(message)\n\(String(decoding: text.prefix(6000), as: UTF8.self))")
    }
  }

  // MARK: With the gateway's own validator

  /// The official schema without the form of schema objects, which is another document's.
  static let official: Schema? = {
    guard let schema = Corpora.documents("validation-schemas").first(where: { $0.name == "schema.yaml" })?.value else {
      return nil
    }
    let compilation = SchemaCompiler.compile(schema)
    return compilation.problems.isEmpty ? compilation.schema : nil
  }()

  private func isValid(_ document: JSONValue, _ schema: Schema) throws -> Bool {
    schema.isValid(try JSONDocument(OpenAPIDocument.bytes(of: document)))
  }

  @Test(.enabled(if: official != nil, "needs the corpora (GATEWAY_CORPORA) and `$dynamicRef` in GatewaySchema"))
  func theOfficialSchemaAgrees() throws {
    let schema = try #require(Self.official)
    var random = Seeded(seed: 99)
    var documents = [OpenAPIDocument.make(from: Samples.everything).document]
    for _ in 0..<100 { documents.append(OpenAPIDocument.make(from: RandomDescription.make(&random)).document) }
    for document in documents {
      #expect(try isValid(document, schema))
    }
    for (name, document) in Corpora.documents("pass") {
      #expect(try isValid(document, schema), "\(name)")
    }
    for (name, document) in Corpora.documents("fail") {
      #expect(try !isValid(document, schema), "\(name)")
    }
  }
}
