import GatewayHTTP

/// The errors of forms: FastAPI's sentences where it has one, so that its clients see no difference.
enum FormFault {
  static var missingBoundary: HTTPError { HTTPError(400, detail: "Missing boundary in multipart.") }

  /// `cause` tells the log what the sentence for the client leaves out.
  static func invalid(_ cause: String) -> HTTPError {
    HTTPError(400, detail: "Invalid multipart data.", cause: "multipart: \(cause)")
  }

  static var missingName: HTTPError {
    HTTPError(400, detail: "The Content-Disposition header field \"name\" must be provided.")
  }

  static func tooManyFiles(_ limit: Int) -> HTTPError {
    HTTPError(400, detail: "Too many files. Maximum number of files is \(limit).")
  }

  static func tooManyFields(_ limit: Int) -> HTTPError {
    HTTPError(400, detail: "Too many fields. Maximum number of fields is \(limit).")
  }

  static func partTooLarge(_ limit: Int) -> HTTPError {
    HTTPError(400, detail: "Part exceeded maximum size of \(size(limit)).")
  }

  static func fieldTooLarge(_ limit: Int) -> HTTPError {
    HTTPError(400, detail: "Field exceeded maximum size of \(size(limit)).")
  }

  static func fileTooLarge(_ limit: Int) -> HTTPError {
    HTTPError(413, detail: "File exceeded maximum size of \(size(limit)).")
  }

  static func textTooLarge(_ limit: Int) -> HTTPError {
    HTTPError(413, detail: "The fields of the form exceeded a total size of \(size(limit)).")
  }

  static func bodyTooLarge(_ limit: Int) -> HTTPError {
    HTTPError(413, detail: "Body exceeded maximum size of \(size(limit)).")
  }

  static func undecodable(_ charset: String) -> HTTPError {
    HTTPError(400, detail: "The text is not valid \(charset).")
  }

  /// In KB as FastAPI says it, in bytes where that would not be exact.
  private static func size(_ limit: Int) -> String {
    limit % 1024 == 0 ? "\(limit / 1024)KB" : "\(limit) bytes"
  }
}
