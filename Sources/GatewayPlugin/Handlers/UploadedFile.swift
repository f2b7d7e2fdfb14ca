import CGatewayPlugin

#if canImport(Glibc)
  import Glibc
#endif

/// A file of a multipart form.
public struct UploadedFile: Sendable {
  private enum Content: Sendable {
    case bytes([UInt8])
    case path(String)
  }

  /// As the client wrote it, or empty. Never a path to trust.
  public let filename: String
  /// As the client wrote it, or empty.
  public let contentType: String
  /// In bytes.
  public let size: Int
  private let content: Content

  /// Where the content is on disk; nil where it was small enough to stay in memory. The file is removed when the
  /// exchange ends: move or copy it to keep it.
  public var path: String? {
    guard case .path(let path) = content else { return nil }
    return path
  }

  /// The whole content. Reads from the disk where it is there, and blocks for that time.
  public func bytes() throws -> [UInt8] {
    switch content {
    case .bytes(let bytes): return bytes
    case .path(let path): return try Self.read(path, size)
    }
  }

  init(_ file: gw_file_borrowed) {
    filename = String(file.filename)
    contentType = String(file.content_type)
    size = Int(clamping: file.size)
    content = file.path.count > 0 ? .path(String(file.path)) : .bytes([UInt8](file.bytes.raw))
  }

  private static func read(_ path: String, _ size: Int) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw UploadUnreadable(path: path, code: errno) }
    defer { close(descriptor) }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size, let base = buffer.baseAddress {
        let got = Glibc.read(descriptor, base + count, size - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { code = errno }
        guard got > 0 else { break }
        count += got
      }
    }
    guard code == 0, bytes.count == size else { throw UploadUnreadable(path: path, code: code) }
    return bytes
  }
}

/// An uploaded file on disk could not be read whole; with code 0 it was shorter than announced.
public struct UploadUnreadable: Error, Sendable, CustomStringConvertible {
  /// Where the file was.
  public let path: String
  /// `errno`; 0 where the file was shorter than announced.
  public let code: Int32
  public var description: String { "the uploaded file \(path) could not be read (errno \(code))" }
}

/// What `@File` may stand before: a file, a file that may be missing, or all files of one name.
public protocol FileInput: Sendable {
  /// What the form's schema says of the field.
  static var fileSchema: SchemaObject { get }
  /// Nil where a file is missing that must not be.
  static func read(_ files: borrowing UploadedFiles, _ name: StaticString) -> Self?
}

/// The files of a request, lent.
public struct UploadedFiles: ~Copyable {
  let files: UnsafeBufferPointer<UnsafePointer<gw_file_borrowed>?>

  func all(_ name: StaticString) -> [UploadedFile] {
    var found: [UploadedFile] = []
    for file in files {
      if let file, file.pointee.name.equals(name) { found.append(UploadedFile(file.pointee)) }
    }
    return found
  }

  /// The last one counts, as with other fields.
  func last(_ name: StaticString) -> UploadedFile? {
    for file in files.reversed() {
      if let file, file.pointee.name.equals(name) { return UploadedFile(file.pointee) }
    }
    return nil
  }
}

extension UploadedFile: FileInput {
  public static var fileSchema: SchemaObject {
    SchemaObject(["type": "\"string\"", "contentMediaType": "\"application/octet-stream\""])
  }
  public static func read(_ files: borrowing UploadedFiles, _ name: StaticString) -> UploadedFile? { files.last(name) }
}

extension Optional: FileInput where Wrapped: FileInput {
  public static var fileSchema: SchemaObject { Wrapped.fileSchema }
  public static func read(_ files: borrowing UploadedFiles, _ name: StaticString) -> Self? {
    .some(Wrapped.read(files, name))
  }
}

extension Array: FileInput where Element == UploadedFile {
  public static var fileSchema: SchemaObject {
    SchemaObject(["type": "\"array\"", "items": UploadedFile.fileSchema.json])
  }
  public static func read(_ files: borrowing UploadedFiles, _ name: StaticString) -> [UploadedFile]? {
    files.all(name)
  }
}
