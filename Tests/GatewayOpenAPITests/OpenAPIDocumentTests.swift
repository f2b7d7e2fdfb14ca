import GatewayJSON
import Testing

@testable import GatewayOpenAPI

func handler(_ methods: String..., path: String, name: String = "list_books", plugin: String = "bookshop")
  -> APIOperation
{
  APIOperation(methods: methods, path: path, source: .handler(plugin: plugin, name: name))
}

func api(_ operations: APIOperation...) -> APIDescription {
  var description = APIDescription()
  description.operations = operations
  return description
}

@Suite struct OpenAPIDocumentTests {
  @Test func anOperationIsDescribedAsFastAPIDescribesIt() throws {
    var operation = handler("GET", path: "/books/{book_id}", name: "list_books")
    operation.parameters = [
      APIParameter(.query, "limit", schema: APISchema(["type": "integer", "default": 20, "description": "How many"])),
      APIParameter(.path, "book_id", schema: APISchema(["type": "integer"])),
    ]
    operation.responses = [
      APIResponse(200, content: [APIMediaType("application/json", schema: .named("Book"))])
    ]
    var description = api(operation)
    description.schemas = [APINamedSchema("Book", ["type": "object"], plugin: "bookshop")]
    let result = OpenAPIDocument.make(from: description)
    #expect(result.problems.isEmpty)
    #expect(
      result.document.at("/paths/~1books~1{book_id}/get")
        == (try json(
          """
          {"summary": "List Books", "operationId": "list_books_books__book_id__get",
           "parameters": [
             {"name": "book_id", "in": "path", "required": true, "schema": {"type": "integer"}},
             {"name": "limit", "in": "query", "description": "How many", "required": false,
              "schema": {"type": "integer", "default": 20, "description": "How many"}}],
           "responses": {
             "200": {"description": "Successful Response",
                     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}},
             "422": {"description": "Validation Error",
                     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HTTPValidationError"}}}}}}
          """)))
    #expect(result.document.at("/components/schemas")?.names == ["Book", "HTTPValidationError", "ValidationError"])
  }

  @Test func theDocumentHasItsMembersInAFixedOrderAndIsTheSameEveryTime() {
    let description = Samples.everything
    let first = OpenAPIDocument.make(from: description).document
    #expect(first.names == ["openapi", "info", "servers", "paths", "components", "tags", "externalDocs"])
    for _ in 0..<5 {
      #expect(
        OpenAPIDocument.bytes(of: OpenAPIDocument.make(from: description).document) == OpenAPIDocument.bytes(of: first))
    }
  }

  @Test func prettyTextReadsBackAsTheSameDocument() throws {
    let document = OpenAPIDocument.make(from: Samples.everything).document
    let text = OpenAPIDocument.bytes(of: document, pretty: true)
    #expect(try JSONValue(parsing: text) == document)
    #expect(
      String(decoding: text, as: UTF8.self).hasPrefix("{\n  \"openapi\": \"3.1.0\",\n  \"info\": {\n    \"title\""))
    #expect(text.last == UInt8(ascii: "\n"))
  }

  // MARK: Paths

  @Test(arguments: [
    ("/books/{id:int}", "/books/{id}"), ("/files/{rest:path}", "/files/{rest}"), ("/files/*rest", "/files/{rest}"),
    ("/from-{a}-to-{b}", "/from-{a}-to-{b}"), ("/bücher", "/b%C3%BCcher"), ("/a%20b", "/a%20b"), ("/", "/"),
  ])
  func patternsBecomePathTemplates(pattern: String, path: String) {
    let result = OpenAPIDocument.make(from: api(handler("GET", path: pattern)))
    #expect(result.document["paths"]?.names == [path])
  }

  @Test func parametersThatOnlyThePatternNamesAreDescribedByTheirKind() {
    let result = OpenAPIDocument.make(from: api(handler("GET", path: "/{a:int}/{b:uuid}/{c}/{rest:path}")))
    let schemas = result.document.at("/paths/~1{a}~1{b}~1{c}~1{rest}/get/parameters")?.array?.map { $0["schema"] }
    #expect(
      schemas == [
        ["type": "integer", "minimum": 0], ["type": "string", "format": "uuid"], ["type": "string"], ["type": "string"],
      ])
  }

  @Test func pathsThatDifferInNamesAloneAreOnePathUnderTheFirstNames() {
    let result = OpenAPIDocument.make(
      from: api(handler("GET", path: "/books/{id}"), handler("PUT", path: "/books/{book_id:int}", name: "put")))
    #expect(result.document["paths"]?.names == ["/books/{id}"])
    #expect(result.document.at("/paths/~1books~1{id}/put/parameters/0/name") == "id")
    #expect(result.document.at("/paths/~1books~1{id}/put/parameters/0/schema/type") == "integer")
    #expect(result.problems.isEmpty)
  }

  @Test func twoRoutesThatOpenAPICannotTellApartAreTold() {
    let result = OpenAPIDocument.make(
      from: api(handler("GET", path: "/books/{id:int}"), handler("GET", path: "/books/{name}", name: "by_name")))
    #expect(result.document["paths"]?.names == ["/books/{id}"])
    #expect(result.problems.map(\.pointer) == ["/operations/1"])
  }

  @Test func hiddenRoutesStayHidden() {
    var secret = handler("GET", path: "/secret")
    secret.isHidden = true
    secret.operationID = "wanted"
    var open = handler("GET", path: "/open")
    open.operationID = "wanted"
    let result = OpenAPIDocument.make(from: api(secret, open))
    #expect(result.document["paths"]?.names == ["/open"])
    #expect(result.document.at("/paths/~1open/get/operationId") == "wanted")
    #expect(result.problems.isEmpty)
  }

  @Test func methodsThatOpenAPIHasNoWordForAreNoted() {
    let result = OpenAPIDocument.make(from: api(handler("GET", "PURGE", path: "/cache")))
    #expect(result.document.at("/paths/~1cache")?.names == ["get"])
    #expect(result.problems.map(\.severity) == [.note])
  }

  @Test func aRouteForAnyMethodIsOneOperationThatSaysSo() {
    let result = OpenAPIDocument.make(from: api(handler(path: "/any")))
    #expect(result.document.at("/paths/~1any")?.names == ["get"])
    #expect(result.document.at("/paths/~1any/get/description") == "Answers every method.")
  }

  // MARK: Hosts

  @Test func withoutAHostTheFirstOfTwoHostsIsDescribedAndTheOtherNoted() {
    var first = handler("GET", path: "/", name: "first")
    first.host = "a.example"
    var second = handler("GET", path: "/", name: "second")
    second.host = "*.example"
    let result = OpenAPIDocument.make(from: api(first, second))
    #expect(result.document.at("/paths/~1/get/operationId") == "first__get")
    #expect(result.document.at("/paths/~1/get/servers") == [["url": "//a.example"]])
    #expect(result.problems.count == 1)
  }

  @Test func theDocumentOfAHostHasWhatThatHostAnswers() {
    var exact = handler("GET", path: "/", name: "exact")
    exact.host = "a.example"
    var wild = handler("GET", path: "/", name: "wild")
    wild.host = "*.example"
    var other = handler("GET", path: "/other", name: "other")
    other.host = "b.test"
    let all = handler("GET", path: "/", name: "all")
    let description = api(all, wild, exact, other)
    for (host, identifier) in [("A.example", "exact__get"), ("b.example", "wild__get"), ("example.org", "all__get")] {
      let result = OpenAPIDocument.make(from: description, host: host)
      #expect(result.document["paths"]?.names == ["/"])
      #expect(result.document.at("/paths/~1/get/operationId") == .string(identifier))
      #expect(result.document.at("/paths/~1/get/servers") == nil)
      #expect(result.problems.isEmpty)
    }
  }

  // MARK: Ids

  @Test func operationIdsAreUniqueAndEachMethodHasItsOwn() {
    var both = handler("GET", "POST", path: "/a")
    both.operationID = "both"
    let result = OpenAPIDocument.make(
      from: api(both, handler("GET", path: "/x_y", name: "same"), handler("GET", path: "/x/y", name: "same")))
    #expect(result.document.at("/paths/~1a/get/operationId") == "both_get")
    #expect(result.document.at("/paths/~1a/post/operationId") == "both_post")
    #expect(result.document.at("/paths/~1x_y/get/operationId") == "same_x_y_get")
    #expect(result.document.at("/paths/~1x~1y/get/operationId") == "same_x_y_get_2")
  }

  @Test func anOwnIdIsNeverTakenByADerivedOneAndTwoOfAKindAreAProblem() {
    var own = handler("GET", path: "/z")
    own.operationID = "list_books_a_get"
    var again = handler("GET", path: "/y")
    again.operationID = "list_books_a_get"
    let result = OpenAPIDocument.make(from: api(handler("GET", path: "/a"), own, again))
    #expect(result.document.at("/paths/~1a/get/operationId") == "list_books_a_get_3")
    #expect(result.document.at("/paths/~1z/get/operationId") == "list_books_a_get")
    #expect(result.document.at("/paths/~1y/get/operationId") == "list_books_a_get_2")
    #expect(result.problems.map(\.severity) == [.error])
  }

  // MARK: Parameters and bodies

  @Test func parametersOfOneNameAreOneAndRequiredWins() {
    var operation = handler("GET", path: "/")
    operation.parameters = [
      APIParameter(.header, "X-Token", schema: APISchema(["type": "string"])),
      APIParameter(.header, "x-token", schema: APISchema(["type": "integer"]), isRequired: true),
    ]
    let parameters = OpenAPIDocument.make(from: api(operation)).document.at("/paths/~1/get/parameters")?.array
    #expect(parameters?.count == 1)
    #expect(parameters?.first?["required"] == true)
    #expect(parameters?.first?.at("/schema/type") == "string")
  }

  @Test func aStyleThatThePlaceDoesNotHaveIsAProblem() {
    var operation = handler("GET", path: "/")
    var parameter = APIParameter(.header, "x-ids", schema: APISchema(["type": "array"]))
    parameter.style = "deepObject"
    parameter.explode = false
    operation.parameters = [parameter]
    let result = OpenAPIDocument.make(from: api(operation))
    #expect(result.problems.map(\.pointer) == ["/operations/0/parameters/0/style"])
    #expect(result.document.at("/paths/~1/get/parameters/0/explode") == false)
  }

  @Test func aBodyOfGetIsNotDescribed() {
    var operation = handler("GET", "POST", path: "/")
    operation.body = APIBody(content: [APIMediaType("application/json", schema: APISchema(true))])
    let result = OpenAPIDocument.make(from: api(operation))
    #expect(result.document.at("/paths/~1/get/requestBody") == nil)
    #expect(result.document.at("/paths/~1/get/responses")?.names == ["200"])
    #expect(result.document.at("/paths/~1/post/requestBody/required") == true)
    #expect(result.document.at("/paths/~1/post/responses")?.names == ["200", "415", "422"])
  }

  // MARK: Responses

  @Test func noValidationErrorIsAddedWhereOneIsDeclaredOrNothingCanFail() {
    #expect(responses(handler("GET", path: "/")) == ["200"])
    for status in ["422", "4XX", "default"] {
      var operation = handler("GET", path: "/{id}")
      operation.responses = [APIResponse(200), APIResponse(status)]
      #expect(responses(operation) == ["200", status])
    }
  }

  @Test func knownFailuresAreListedAndNoOthers() {
    var operation = handler("PUT", path: "/{id:int}")
    operation.security = [APISecurityRequirement([.init("key", scopes: ["read"])])]
    operation.body = APIBody(content: [APIMediaType("application/json")])
    operation.body?.hasOwnLimit = true
    #expect(responses(operation) == ["200", "401", "403", "404", "413", "415", "422"])
    operation.security.append(APISecurityRequirement([]))
    operation.security[0].schemes[0].scopes = []
    operation.body?.content = [APIMediaType("*/*")]
    operation.body?.hasOwnLimit = false
    #expect(responses(operation) == ["200", "404", "422"])
    let proxy = APIOperation(methods: ["GET"], path: "/p", source: .proxy(upstream: "stock"))
    #expect(responses(proxy) == ["502", "503", "504", "default"])
    #expect(responses(APIOperation(methods: ["GET"], path: "/p", source: .redirect(status: 308))) == ["308"])
    let fixed = APIOperation(
      methods: ["GET"], path: "/p", source: .respond(status: 200, mediaType: "application/json", example: ["ok": true]))
    #expect(responses(fixed) == ["200"])
  }

  private func responses(_ operation: APIOperation) -> [String]? {
    var description = api(operation)
    description.securitySchemes = [
      APISecurityScheme(name: "key", value: ["type": "apiKey", "in": "header", "name": "x-key"])
    ]
    return OpenAPIDocument.make(from: description).document["paths"]?.object?.members.first?.value.object?.members
      .first?
      .value["responses"]?.names
  }

  @Test func errorsHaveTheConfiguredShape() {
    var description = api(handler("GET", path: "/{id:int}"))
    description.errors = .problem
    let document = OpenAPIDocument.make(from: description).document
    #expect(document.at("/components/schemas")?.names == ["Problem", "ValidationProblem", "ValidationProblemEntry"])
    #expect(document.at("/paths/~1{id}/get/responses/422/content")?.names == ["application/problem+json"])
    #expect(document.at("/components/responses/NotFound/content")?.names == ["application/problem+json"])
  }

  @Test func aSchemaOfTheFileKeepsANameThatTheGatewayWouldUse() {
    var description = api(handler("GET", path: "/{id}"))
    description.schemas = [APINamedSchema("ValidationError", ["type": "string"])]
    let document = OpenAPIDocument.make(from: description).document
    #expect(document.at("/components/schemas/ValidationError") == ["type": "string"])
    #expect(document.at("/components/schemas/gateway_ValidationError/title") == "ValidationError")
  }

  // MARK: Security

  @Test func schemesMayBeSpeltAsInTheFileAndBrokenOnesAreTold() {
    var description = APIDescription()
    description.securitySchemes = [
      APISecurityScheme(name: "token", value: ["type": "http", "scheme": "bearer", "bearer_format": "JWT"]),
      APISecurityScheme(
        name: "login",
        value: [
          "type": "oauth2",
          "flows": ["authorization_code": ["authorization_url": "/a", "token_url": "/t", "scopes": ["read": "Read"]]],
        ]),
      APISecurityScheme(name: "broken", value: ["type": "apiKey", "in": "body"]),
      APISecurityScheme(name: "unknown", value: ["type": "magic"]),
    ]
    let result = OpenAPIDocument.make(from: description)
    let schemes = result.document.at("/components/securitySchemes")
    #expect(schemes?.names == ["token", "login"])
    #expect(schemes?.at("/token/bearerFormat") == "JWT")
    #expect(schemes?.at("/login/flows/authorizationCode")?.names == ["authorizationUrl", "tokenUrl", "scopes"])
    #expect(
      result.problems.map(\.pointer) == [
        "/securitySchemes/broken", "/securitySchemes/broken/in", "/securitySchemes/unknown/type",
      ])
  }

  @Test func aRequirementThatLostItsSchemeDoesNotBecomeAnOpenDoor() {
    var operation = handler("GET", path: "/")
    operation.security = [APISecurityRequirement([.init("missing")])]
    let result = OpenAPIDocument.make(from: api(operation))
    #expect(result.document.at("/paths/~1/get/security") == nil)
    #expect(result.problems.map(\.severity) == [.error])
  }
}
