import Foundation

/// nginx as a back end: `/files/` reads and writes a folder.
final class Nginx {
  static let program = Child.find("nginx")

  let port: Int
  let folder: String
  let child: Child

  init() throws {
    guard let program = Self.program else { throw Child.Failure(description: "needs nginx") }
    let prefix = try RunningGateway.folder()
    folder = prefix + "/files"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // nginx cannot say which port it took, so the test takes one and hands it over: bound, refused to others until now.
    port = try Backend(listens: false).port
    let modules = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(prefix)/\($0);" }.joined(separator: "\n")
    try """
      daemon off;
      master_process off;
      pid \(prefix)/pid;
      error_log stderr notice;
      events {}
      http {
        access_log off;
        \(modules)
        types { text/plain txt; }
        client_max_body_size 16m;
        server {
          listen 127.0.0.1:\(port);
          root \(prefix);
          location /files/ { dav_methods PUT; }
          location = /moved { absolute_redirect off; return 302 /files/a.txt; }
          location = /headers {
            return 200 "$http_x_forwarded_for $http_x_forwarded_proto $http_x_forwarded_host";
          }
        }
      }
      """.write(toFile: "\(prefix)/nginx.conf", atomically: true, encoding: .utf8)
    child = try Child(program, ["-p", prefix, "-c", "\(prefix)/nginx.conf"])
    guard child.errors.first(where: { $0.contains("OS: ") || $0.contains("[emerg]") })?.contains("OS: ") == true else {
      throw Child.Failure(description: child.errors.soFar.joined(separator: "\n"))
    }
  }
}
