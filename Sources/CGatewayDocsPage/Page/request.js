// From the values of a form to a request: styles of parameters, bodies, credentials, and the same as a curl command.

// Percent-encoding for one value; `allowReserved` (RFC 3986 section 2.2) leaves delimiters as they are.
const encoded = (text) => percentEncoded(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const encodedReserved = (text) => encodeURI(wellFormed(text)).replace(/[#&+]/g, encodeURIComponent);
const asText = (value) => (typeof value === "string" ? value : isObject(value) || Array.isArray(value) ? toJSON(value, 0) : String(value));

// OpenAPI 3.1, "Style Values". For query and cookie: [name, value] pairs, encoded. Else: text, encoded by `encode`.
function styled(parameter, value, encode) {
  const { name } = parameter;
  const style = string(parameter.style) || { query: "form", cookie: "form" }[parameter.in] || "simple";
  const isExploded = parameter.explode ?? style === "form";
  const items = Array.isArray(value) ? value.map((item) => encode(asText(item))) : undefined;
  const members = isObject(value) ? entries(value).map(([key, member]) => [encode(key), encode(asText(member))]) : undefined;
  const whole = items ?? members?.flat() ?? [encode(asText(value))];
  if (style === "deepObject" && members) return deepPairs(encode(name), value, encode);
  if (["form", "spaceDelimited", "pipeDelimited", "deepObject"].includes(style)) {
    if (isExploded && items) return items.map((item) => [encode(name), item]);
    if (isExploded && members) return members;
    return [[encode(name), whole.join({ spaceDelimited: "%20", pipeDelimited: "%7C" }[style] ?? ",")]];
  }
  const joined = members && isExploded ? members.map((pair) => pair.join("=")) : whole;
  if (style === "label") return `.${joined.join(isExploded ? "." : ",")}`;
  if (style === "matrix") {
    const each = items ? items.map((item) => `${encode(name)}=${item}`) : joined;
    return isExploded && (items || members) ? each.map((one) => `;${one}`).join("") : `;${encode(name)}=${whole.join(",")}`;
  }
  return joined.join(",");
}

const deepPairs = (name, value, encode) => entries(value).flatMap(([key, member]) =>
  isObject(member) ? deepPairs(`${name}%5B${encode(key)}%5D`, member, encode)
    : [member].flat().map((item) => [`${name}%5B${encode(key)}%5D`, encode(asText(item))]));

// Browsers send these themselves or not at all (Fetch standard, forbidden request-headers).
const isForbidden = (name) => /^(accept-charset|accept-encoding|access-control-request-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i.test(name);

// `parameters`: [{ parameter, value }] of those that are given. `body`: undefined or one of
// { mediaType, text }, { mediaType, file }, { mediaType, fields: [[name, text or File, contentType]] }.
// `credentials`: [{ in, name, value }]. `notes` say what a browser will not do.
function buildRequest({ operation, server, parameters, body, credentials, accept }) {
  let path = operation.path;
  const query = [];
  const headers = [];
  const cookies = [];
  const notes = [];
  for (const { parameter, value } of parameters) {
    const encode = parameter.in === "header" || parameter.in === "cookie" ? (text) => text
      : parameter.allowReserved === true ? encodedReserved : encoded;
    const text = styled(parameter, parameter.content ? toJSON(value, 0) : value, encode);
    if (parameter.in === "path") path = path.replaceAll(`{${parameter.name}}`, () => text);
    else if (parameter.in === "query") query.push(...text);
    else if (parameter.in === "cookie") cookies.push(...text);
    else headers.push([parameter.name, text]);
  }
  for (const credential of credentials) {
    if (credential.in === "query") query.push([encoded(credential.name), encoded(credential.value)]);
    else if (credential.in === "cookie") cookies.push([credential.name, credential.value]);
    else headers.push([credential.name, credential.value]);
  }
  if (accept) headers.push(["Accept", accept]);
  // The boundary of multipart is made when it is sent.
  if (body && !body.mediaType.startsWith("multipart/")) headers.push(["Content-Type", body.mediaType]);
  const url = server + path + (query.length ? `?${query.map((pair) => pair.join("=")).join("&")}` : "");
  for (const [name] of headers) if (isForbidden(name)) notes.push(`The browser does not let a page send the header ${name}; curl does.`);
  if (cookies.length && new URL(url).origin !== location.origin) {
    notes.push("Cookies cannot be set for another origin from here; curl sends them.");
  }
  return { method: operation.method.toUpperCase(), url, headers, cookies, body, notes };
}

const formText = (fields) => fields.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&").replaceAll("%20", "+");

// What fetch gets: the body, and its Content-Type if it names a boundary. Multipart is put together here because
// FormData gives every part that has a Content-Type a file name, which servers take for an upload.
function fetchBody(body) {
  if (!body) return {};
  if (!body.fields) return { content: body.file ?? body.text };
  if (!body.mediaType.startsWith("multipart/")) return { content: formText(body.fields) };
  const boundary = `part-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
  const quoted = (text) => text.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
  const parts = body.fields.flatMap(([name, value, contentType]) => {
    const isFile = value instanceof File;
    const type = contentType || (isFile ? value.type || "application/octet-stream" : "");
    return [`--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"${isFile ? `; filename="${quoted(value.name)}"` : ""}\r\n`,
      `${type ? `Content-Type: ${type}\r\n` : ""}\r\n`, value, "\r\n"];
  });
  return { content: new Blob([...parts, `--${boundary}--\r\n`]), contentType: `${body.mediaType}; boundary=${boundary}` };
}

// In single quotes a shell takes everything literally but the quote itself.
const shellQuoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
const curlQuoted = (text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

function curlCommand({ method, url, headers, cookies, body }) {
  const lines = [];
  const add = (option, value) => lines.push(value === undefined ? option : `${option} ${shellQuoted(value)}`);
  for (const [name, value] of headers) add("-H", value === "" ? `${name};` : `${name}: ${value}`);
  if (cookies.length) add("-H", `Cookie: ${cookies.map((pair) => pair.join("=")).join("; ")}`);
  if (body?.file !== undefined) add("--data-binary", `@${body.file?.name ?? "FILE"}`);
  else if (body?.fields && body.mediaType.startsWith("multipart/")) {
    for (const [name, value, contentType] of body.fields) {
      if (value instanceof File) add("-F", `${name}=@${curlQuoted(value.name)}${value.type ? `;type=${value.type}` : ""}`);
      else if (contentType) add("-F", `${name}=${curlQuoted(value)};type=${contentType}`);
      else add("--form-string", `${name}=${value}`);
    }
  } else if (body) add("--data-raw", body.fields ? formText(body.fields) : body.text);
  // curl would take brackets and braces in an address for ranges.
  const glob = /[[\]{}]/.test(url) ? "-g " : "";
  const implied = lines.some((line) => /^(--data|--form|-F)/.test(line)) ? "POST" : "GET";
  const verb = method === "HEAD" ? "-I " : method === implied ? "" : `-X ${method} `;
  return [`curl ${glob}${verb}${shellQuoted(url)}`, ...lines].join(" \\\n  ");
}
