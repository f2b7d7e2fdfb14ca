// A plausible value for a schema: what the author gave, else what the constraints suggest.

const textByFormat = {
  date: "2026-01-31", "date-time": "2026-01-31T12:30:00Z", time: "12:30:00Z", duration: "P1DT2H", email: "reader@example.com",
  "idn-email": "reader@example.com", hostname: "example.com", ipv4: "192.0.2.1", ipv6: "2001:db8::1",
  uri: "https://example.com/", "uri-reference": "/path", uuid: "3f0c1e9a-5b7d-4c2e-8a61-9d4e2b7f0c35", byte: "aGVsbG8=",
  password: "secret", regex: "^a+$", "json-pointer": "/a/0",
};

// Schemas that refer to each other widely would make examples of millions of fields; past this many they end.
const exampleNodes = 1500;
let nodesLeft = exampleNodes;

// `direction` is "request" or "response": read-only fields are not sent, write-only ones do not come back.
function exampleOf(schema, direction, open = []) {
  if (!open.length) nodesLeft = exampleNodes;
  nodesLeft -= 1;
  const flat = flatten(schema);
  if (flat.example !== undefined) return flat.example;
  if (flat.const !== undefined) return flat.const;
  if (list(flat.examples).length) return flat.examples[0];
  if (flat.default !== undefined) return flat.default;
  if (list(flat.enum).length) return flat.enum[0];
  const [, variants] = variantsOf(flat);
  if (variants.length) {
    const chosen = variants.find((variant) => flatten(variant).type !== "null" && !open.includes(flatten(variant).names[0]))
      ?? variants[0];
    if (open.length > 12 || nodesLeft < 0) return null;
    const { oneOf, anyOf, names, ...rest } = flat;
    const value = exampleOf({ allOf: [rest, chosen] }, direction, [...open, names[0] ?? ""]);
    // The value that makes the discriminator point to the chosen variant.
    const property = string(object(flat.discriminator).propertyName);
    if (isObject(value) && property && flatten(own(flatten(chosen).properties, property)).const === undefined) {
      const found = entries(flat.discriminator.mapping).find(([, target]) => target === own(chosen, "$ref"));
      const text = found?.[0] ?? referenceName(own(chosen, "$ref"));
      if (text) return { ...value, [property]: text };
    }
    return value;
  }
  const type = typesOf(flat).find((one) => one !== "null") ?? typesOf(flat)[0] ??
    (flat.properties || flat.additionalProperties ? "object" : flat.items || flat.prefixItems ? "array" : "");
  if (type === "object") return exampleObject(flat, direction, open);
  if (type === "array") return exampleArray(flat, direction, open);
  if (type === "integer" || type === "number") return exampleNumber(flat, type);
  if (type === "boolean") return true;
  if (type === "null") return null;
  if (type === "string") return exampleText(flat);
  return {};
}

function exampleObject(flat, direction, open) {
  const out = Object.create(null);
  const path = [...open, ...flat.names];
  for (const [name, part] of Object.entries(flat.properties ?? {})) {
    const inner = flatten(part);
    const isRequired = list(flat.required).includes(name);
    const inside = [...inner.names, ...flatten(inner.items).names];
    if (part === false) continue;
    if (inner[direction === "request" ? "readOnly" : "writeOnly"] === true) continue;
    if (!isRequired && (nodesLeft < 0 || inner.deprecated === true || path.length > 8 || inside.some((one) => path.includes(one)))) continue;
    out[name] = path.length > 12 || nodesLeft < 0 ? null : exampleOf(part, direction, [...path, ""]);
  }
  if (!flat.properties && isObject(flat.additionalProperties) && path.length < 9) {
    out.key = exampleOf(flat.additionalProperties, direction, [...path, ""]);
  }
  return out;
}

function exampleArray(flat, direction, open) {
  const path = [...open, ...flat.names, ""];
  if (path.length > 12 || nodesLeft < 0) return [];
  const out = list(flat.prefixItems).map((part) => exampleOf(part, direction, path));
  const recurs = flatten(flat.items).names.some((name) => open.includes(name));
  if (isObject(flat.items) && !out.length && !(recurs && !flat.minItems)) out.push(exampleOf(flat.items, direction, path));
  while (out.length && out.length < Math.min(Number(flat.minItems ?? 0), 8)) out.push(out[0]);
  return out;
}

function exampleNumber(flat, type) {
  const step = Number(flat.multipleOf ?? (type === "integer" ? 1 : 0.5));
  const least = flat.minimum ?? (flat.exclusiveMinimum !== undefined ? Number(flat.exclusiveMinimum) + step : undefined);
  const most = flat.maximum ?? (flat.exclusiveMaximum !== undefined ? Number(flat.exclusiveMaximum) - step : undefined);
  let value = least ?? (most !== undefined && most < 1 ? most : 1);
  if (flat.multipleOf !== undefined) value = Number((Math.ceil(Number(value) / step) * step).toPrecision(12));
  return value;
}

function exampleText(flat) {
  const text = own(textByFormat, string(flat.format)) ?? "string";
  const least = Math.min(Number(flat.minLength ?? 0), 200);
  const most = Number(flat.maxLength ?? Infinity);
  return text.length < least ? text.padEnd(least, "x") : text.length > most ? text.slice(0, Math.max(0, most)) : text;
}

// All examples of a media type or parameter as [{ label, value }]; a generated one if the author gave none.
function examplesOf(holder, direction) {
  const named = entries(holder.examples).map(([name, example]) => [name, resolved(example)])
    .filter(([, example]) => example.value !== undefined)
    .map(([name, example]) => ({ label: string(example.summary) || name, value: example.value }));
  if (named.length) return named;
  if (holder.example !== undefined) return [{ label: "Example", value: holder.example }];
  return holder.schema === undefined ? [] : [{ label: "Example", value: exampleOf(holder.schema, direction), isMade: true }];
}

const isJSONType = (mediaType) => /^[\w.+-]+\/([\w.+-]+\+)?json\b/i.test(mediaType);
const exampleBody = (value, mediaType) => (typeof value === "string" && !isJSONType(mediaType) ? value : toJSON(value));
