/// Media types by extension: what browsers act upon and what people download, as IANA registers it where it does.
///
/// Text has its charset, because browsers guess otherwise. An unknown extension is `application/octet-stream`, which no
/// browser runs.
public enum MediaTypeTable {
  /// The type for a file's name or path.
  public static func type(forName name: String) -> String {
    let last = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last ?? name.utf8[...]
    // A name that begins with its only dot has no extension.
    guard let dot = last.lastIndex(of: UInt8(ascii: ".")), dot != last.startIndex,
      last.distance(from: dot, to: last.endIndex) <= 16
    else { return unknown }
    return byExtension[String(Substring(last[last.index(after: dot)...])).lowercased()] ?? unknown
  }

  public static let unknown = "application/octet-stream"

  private static let byExtension: [String: String] = {
    var table: [String: String] = [:]
    for (type, extensions) in types {
      for name in extensions.split(separator: " ") { table[String(name)] = type }
    }
    return table
  }()

  private static let types = [
    ("text/html; charset=utf-8", "html htm"),
    ("text/css; charset=utf-8", "css"),
    ("text/javascript; charset=utf-8", "js mjs"),
    ("text/plain; charset=utf-8", "txt text log conf ini"),
    ("text/csv; charset=utf-8", "csv"),
    ("text/tab-separated-values; charset=utf-8", "tsv"),
    ("text/markdown; charset=utf-8", "md markdown"),
    ("text/calendar; charset=utf-8", "ics"),
    ("text/vcard; charset=utf-8", "vcf"),
    ("text/vtt; charset=utf-8", "vtt"),
    ("text/xml; charset=utf-8", "xsl xslt"),
    ("application/xml", "xml xsd"),
    ("application/xhtml+xml", "xhtml"),
    ("application/atom+xml", "atom"),
    ("application/rss+xml", "rss"),
    ("application/json", "json map"),
    ("application/ld+json", "jsonld"),
    ("application/geo+json", "geojson"),
    ("application/schema+json", "schema"),
    ("application/jsonl", "jsonl ndjson"),
    ("application/manifest+json", "webmanifest"),
    ("application/yaml", "yaml yml"),
    ("application/toml", "toml"),
    ("application/sql", "sql"),
    ("application/graphql", "graphql"),
    ("application/wasm", "wasm"),
    ("application/pdf", "pdf"),
    ("application/postscript", "ps eps ai"),
    ("application/rtf", "rtf"),
    ("application/epub+zip", "epub"),
    ("application/msword", "doc"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ("application/vnd.oasis.opendocument.text", "odt"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.oasis.opendocument.presentation", "odp"),
    ("application/zip", "zip"),
    ("application/gzip", "gz tgz"),
    ("application/zstd", "zst"),
    ("application/x-bzip2", "bz2"),
    ("application/x-xz", "xz"),
    ("application/x-7z-compressed", "7z"),
    ("application/x-tar", "tar"),
    ("application/vnd.rar", "rar"),
    ("application/java-archive", "jar war"),
    ("application/vnd.android.package-archive", "apk"),
    ("application/vnd.debian.binary-package", "deb"),
    ("application/x-rpm", "rpm"),
    ("application/x-iso9660-image", "iso"),
    ("application/vnd.sqlite3", "sqlite db"),
    ("application/vnd.apache.parquet", "parquet"),
    ("application/x-sh", "sh"),
    ("application/x-x509-ca-cert", "crt der"),
    ("application/x-pem-file", "pem"),
    ("application/pgp-signature", "asc sig"),
    ("application/vnd.apple.mpegurl", "m3u8"),
    ("application/dash+xml", "mpd"),
    ("application/vnd.ms-fontobject", "eot"),
    ("application/octet-stream", "bin exe dll dmg img so"),
    ("image/png", "png"),
    ("image/jpeg", "jpg jpeg jfif"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/avif", "avif"),
    ("image/heic", "heic"),
    ("image/jxl", "jxl"),
    ("image/svg+xml", "svg"),
    ("image/bmp", "bmp"),
    ("image/tiff", "tif tiff"),
    ("image/vnd.microsoft.icon", "ico cur"),
    ("image/apng", "apng"),
    ("font/woff", "woff"),
    ("font/woff2", "woff2"),
    ("font/ttf", "ttf"),
    ("font/otf", "otf"),
    ("font/collection", "ttc"),
    ("audio/mpeg", "mp3"),
    ("audio/mp4", "m4a"),
    ("audio/aac", "aac"),
    ("audio/ogg", "ogg oga"),
    ("audio/opus", "opus"),
    ("audio/flac", "flac"),
    ("audio/wav", "wav"),
    ("audio/webm", "weba"),
    ("audio/midi", "mid midi"),
    ("video/mp4", "mp4 m4v"),
    ("video/mpeg", "mpeg mpg"),
    ("video/webm", "webm"),
    ("video/ogg", "ogv"),
    ("video/quicktime", "mov"),
    ("video/x-msvideo", "avi"),
    ("video/x-matroska", "mkv"),
    ("video/mp2t", "ts"),
    ("video/3gpp", "3gp"),
    ("model/gltf+json", "gltf"),
    ("model/gltf-binary", "glb"),
    ("model/stl", "stl"),
  ]
}
