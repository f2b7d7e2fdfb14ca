extension ValidationSettings {
  static let section = Section<ValidationSettings>(
    "validation", "How requests and responses are checked against their schemas, and how mistakes are told.",
    make: ValidationSettings()
  ) {
    Option(
      "profile", \.profile, .word,
      "`fastapi` answers as FastAPI does: lax bodies, its wording and order, the last of duplicate keys.")
    Option(
      "coercion", optional: \.coercion, .word, default: "`strict`, with `profile: fastapi` `lax`",
      "Whether a JSON body's values may be read as other types than they have; `lax` takes `\"1\"` for an integer.")
    Option(
      "max_errors", optional: \.maxErrors, .integer(1...1000), default: "`100`; `1000` with `fastapi`",
      "Entries of a 422; where more are left out, a last entry says so (not with `fastapi`).")
    Option(
      "hints", \.hints, .boolean, "A 422 may hint at the mistake, such as a name that was sent instead of its alias.")
    Option("log", \.log, .boolean, "The entries of a 422 are logged in full.")
    Option(
      "responses", \.responses, .word,
      "What is done about a response that does not fit its schema: nothing, a log line, or a log line and 500.")
  }
}

extension RouteValidation {
  static let section = Section<RouteValidation>(
    "routes.validation", "What replaces `validation` for one route.", make: RouteValidation()
  ) {
    Option(
      "coercion", optional: \.coercion, Kind.word.located, default: "`validation.coercion`",
      "Whether a JSON body's values may be read as other types than they have.")
    Option(
      "log", optional: \.log, .boolean, default: "`validation.log`", "The entries of a 422 are logged in full.")
    Option(
      "responses", optional: \.responses, .word, default: "`validation.responses`",
      "What is done about a response of the handler that does not fit its schema.")
  }
}
