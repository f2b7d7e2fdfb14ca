// The OpenAPI document as this page uses it: references, operations, tags, servers.

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

const api = { document: {}, address: "", operations: [], tags: [], byAnchor: new Map() };

// Only references into this document are followed; others are shown by name.
function pointer(reference) {
  if (!string(reference).startsWith("#")) return undefined;
  if (reference === "#") return api.document;
  let value = api.document;
  for (const part of reference.slice(2).split("/")) {
    let key = part;
    try { key = decodeURIComponent(part); } catch { /* a stray percent sign is taken literally */ }
    key = key.replaceAll("~1", "/").replaceAll("~0", "~");
    value = Array.isArray(value) ? value[Number(key)] : own(value, key);
    if (value === undefined) return undefined;
  }
  return value;
}

const referenceName = (reference) => string(reference).split("/").at(-1).replaceAll("~1", "/").replaceAll("~0", "~");

// What a reference object stands for; a chain that is broken or circular gives an empty object.
function resolved(value) {
  for (let hops = 0; hops < 32 && own(value, "$ref") !== undefined; hops += 1) value = pointer(value.$ref);
  return own(value, "$ref") === undefined ? object(value) : {};
}

const placeNames = { path: "Path parameters", query: "Query parameters", header: "Headers", cookie: "Cookies" };

function mergedParameters(item, operation) {
  const found = new Map();
  for (const parameter of [...list(item.parameters), ...list(operation.parameters)].map(resolved)) {
    const place = string(parameter.in);
    const name = string(parameter.name);
    if (!Object.hasOwn(placeNames, place)) continue;
    // OpenAPI 3.1, Parameter Object: these three header parameters are ignored.
    if (place === "header" && /^(accept|content-type|authorization)$/i.test(name)) continue;
    found.set(`${place} ${name}`, { ...parameter, name, in: place });
  }
  return [...found.values()];
}

function readDocument(document, address) {
  Object.assign(api, { document: object(document), address, operations: [], tags: [], byAnchor: new Map() });
  const tags = new Map();
  const tag = (name) => {
    if (!tags.has(name)) tags.set(name, { name, description: "", operations: [] });
    return tags.get(name);
  };
  for (const declared of list(api.document.tags)) {
    Object.assign(tag(string(own(declared, "name"))), { description: string(own(declared, "description")) });
  }
  const add = (path, item, isWebhook) => {
    item = resolved(item);
    for (const method of Object.keys(item).filter((key) => methods.includes(key) && isObject(item[key]))) {
      const raw = item[method];
      const id = string(raw.operationId);
      let anchor = id || `${method}${path.startsWith("/") ? "" : "/"}${path}`;
      for (let copy = 2; api.byAnchor.has(anchor); copy += 1) anchor = `${id || method + path}-${copy}`;
      const names = list(raw.tags).filter((name) => typeof name === "string");
      const operation = {
        raw, method, path, item, anchor, id, isWebhook, tags: names, isDeprecated: raw.deprecated === true,
        summary: string(raw.summary) || id || path, parameters: mergedParameters(item, raw),
      };
      api.operations.push(operation);
      api.byAnchor.set(anchor, operation);
      const places = names.length ? names : [isWebhook ? "Webhooks" : "Operations"];
      for (const name of new Set(places)) tag(name).operations.push(operation);
    }
  };
  for (const [path, item] of entries(api.document.paths)) add(path, item, false);
  for (const [name, item] of entries(api.document.webhooks)) add(name, item, true);
  api.tags = [...tags.values()].filter((one) => one.operations.length);
}

const schemas = () => object(object(api.document.components).schemas);
const anchorOf = (name) => `#${percentEncoded(name).replaceAll("%2F", "/")}`;
const schemaAnchor = (name) => anchorOf(`schema/${name}`);

function serversOf(operation) {
  const declared = [operation?.raw.servers, operation?.item.servers, api.document.servers]
    .map(list).find((servers) => servers.length);
  return (declared ?? [{ url: "/" }]).filter(isObject);
}

// The address with its variables filled in, relative to the document as the specification says; undefined if it is
// not one that can be fetched.
function serverAddress(server, values = {}) {
  const filled = string(server.url).replace(/\{([^{}]{1,100})\}/g, (whole, name) =>
    own(values, name) ?? own(own(server.variables, name), "default") ?? whole);
  const address = safeAddress(filled, api.address);
  return address?.startsWith("http") ? address.replace(/\/+$/, "") : undefined;
}

// Alternatives of security schemes; an empty alternative means that the operation also answers without.
const securityOf = (operation) => list(operation.raw.security ?? api.document.security).filter(isObject);
const securitySchemes = () => entries(object(api.document.components).securitySchemes)
  .map(([name, scheme]) => ({ ...resolved(scheme), key: name }));
