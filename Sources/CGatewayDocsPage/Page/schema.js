// JSON Schemas as an expandable tree. Branches are made when they are opened, so recursion costs nothing.

const isNothing = (schema) => schema === false;

// A schema with its references followed and allOf folded in: what a reader wants to see as one thing. `names` are the
// references that were followed; `seen` ends circles.
// Results are kept, or `allOf` of the same two parts at every level would double the work at every level.
const flattened = new WeakMap();

function flatten(schema, seen = new Set()) {
  if (schema === false) return { not: {}, names: [] };
  const result = Object.assign(Object.create(null), { names: [] });
  if (!isObject(schema) || seen.has(schema)) return result;
  if (flattened.has(schema)) return flattened.get(schema);
  seen = new Set(seen).add(schema);
  const parts = [];
  if (schema.$ref !== undefined) {
    const target = pointer(schema.$ref);
    parts.push({ ...flatten(target, seen), names: [referenceName(schema.$ref)], isMissing: target === undefined });
  }
  for (const part of list(schema.allOf)) parts.push(flatten(part, seen));
  const { $ref, allOf, ...rest } = schema;
  // A title of its own names the whole, the titles of parts do not.
  for (const part of parts) {
    const { title, ...others } = part;
    fold(result, parts.length === 1 ? part : others);
  }
  fold(result, rest);
  flattened.set(schema, result);
  return result;
}

function fold(into, from) {
  for (const [key, value] of Object.entries(from)) {
    if (value === undefined) continue;
    if (key === "names") into.names = [...new Set([...into.names, ...value])];
    else if (key === "required") into.required = [...new Set([...list(into.required), ...list(value)])];
    else if (key === "properties") {
      const merged = Object.assign(Object.create(null), into.properties);
      for (const [name, property] of entries(value)) {
        merged[name] = name in merged ? { allOf: [merged[name], property] } : property;
      }
      into.properties = merged;
    } else into[key] = value;
  }
}

// `anyOf: [X, null]` is how optional values are usually written; X is then what matters.
function withoutNull(flat) {
  const choices = list(flat.oneOf ?? flat.anyOf);
  const others = choices.filter((choice) => flatten(choice).type !== "null");
  if (choices.length < 2 || others.length !== 1) return flat;
  const { oneOf, anyOf, ...rest } = flat;
  const result = Object.assign(Object.create(null), flatten(others[0]));
  fold(result, rest);
  return Object.assign(result, { nullable: true });
}

const typesOf = (flat) => [flat.type].flat().filter((type) => typeof type === "string");
const variantsOf = (flat) => (flat.oneOf ? ["oneOf", list(flat.oneOf)] : ["anyOf", list(flat.anyOf)]);
const isBinary = (flat) => flat.format === "binary" ||
  (typesOf(flat).includes("string") && string(flat.contentMediaType) !== "" && !flat.contentEncoding);

// The type in words, with links to named schemas.
function typeText(schema, depth = 0) {
  if (isNothing(schema)) return ["never"];
  const flat = withoutNull(flatten(schema));
  const names = flat.names.map((name) => (flat.isMissing ? h("span.missing", {}, `${name} (not in this document)`)
    : Object.hasOwn(schemas(), name) ? h("a", { href: schemaAnchor(name) }, name) : name));
  let words = names.length ? names.flatMap((name, index) => (index ? [" & ", name] : [name])) : plainType(flat, depth);
  const isNullable = flat.nullable === true || (typesOf(flat).includes("null") && typesOf(flat).length > 1);
  return isNullable ? [...words, " | null"] : words;
}

function plainType(flat, depth) {
  const types = typesOf(flat).filter((type, _, all) => type !== "null" || all.length === 1);
  const [, variants] = variantsOf(flat);
  if (variants.length && !types.some((type) => type !== "object")) {
    const shown = variants.slice(0, 4).flatMap((variant, index) =>
      [index ? " | " : "", ...(depth < 3 ? typeText(variant, depth + 1) : ["…"])]);
    return variants.length > 4 ? [...shown, ` | ${variants.length - 4} more`] : shown;
  }
  if (types.includes("array") || (!types.length && flat.items !== undefined)) {
    return ["array", ...(isObject(flat.items) && depth < 3 ? [" of ", ...typeText(flat.items, depth + 1)] : [])];
  }
  if (isBinary(flat)) return [`file${flat.contentMediaType ? ` (${flat.contentMediaType})` : ""}`];
  const format = string(flat.format);
  if (types.length) return [types.join(" | ") + (format ? ` (${format})` : "")];
  if (flat.properties) return ["object"];
  if (flat.const !== undefined) return ["constant"];
  return [Array.isArray(flat.enum) ? "enum" : flat.not ? "restricted" : "any"];
}

const limits = [
  ["minimum", "min"], ["exclusiveMinimum", "more than"], ["maximum", "max"], ["exclusiveMaximum", "less than"],
  ["multipleOf", "multiple of"], ["minLength", "min length"], ["maxLength", "max length"], ["minItems", "min items"],
  ["maxItems", "max items"], ["minContains", "min matching"], ["maxContains", "max matching"],
  ["minProperties", "min fields"], ["maxProperties", "max fields"], ["pattern", "pattern"],
  ["contentEncoding", "encoding"], ["contentMediaType", "content"],
];

function facts(flat, example) {
  const out = [];
  const add = (label, value) => out.push(h("span.fact", {}, `${label} `, code(value)));
  for (const [key, label] of limits) {
    if (["string", "number", "bigint"].includes(typeof flat[key])) add(label, String(flat[key]));
  }
  const unlisted = list(flat.required).filter((name) => !Object.hasOwn(flat.properties ?? {}, name));
  if (unlisted.length) add("requires", unlisted.join(", "));
  for (const [name, needed] of entries(flat.dependentRequired)) add(`${name} requires`, list(needed).join(", "));
  if (flat.uniqueItems === true) out.push(h("span.fact", {}, "no duplicates"));
  if (flat.const !== undefined) add("always", shortJSON(flat.const));
  if (flat.default !== undefined) add("default", shortJSON(flat.default));
  const shown = example ?? flat.example ?? list(flat.examples)[0];
  if (shown !== undefined) add("example", shortJSON(shown));
  const values = list(flat.enum);
  const lines = out.length ? [h("div.facts", {}, out)] : [];
  if (values.length) {
    lines.push(h("div.facts", {}, h("span.fact", {}, "one of ", values.slice(0, 50).flatMap((value) =>
      [code(shortJSON(value)), " "]), values.length > 50 ? `and ${values.length - 50} more` : "")));
  }
  return lines;
}

const marks = (flat, isRequired) => [
  isRequired && h("span.mark.required", {}, "required"),
  flat.deprecated === true && h("span.mark.deprecated", {}, "deprecated"),
  flat.readOnly === true && h("span.mark", {}, "read-only"),
  flat.writeOnly === true && h("span.mark", {}, "write-only"),
];

// The branches below a schema, as [label, schema, isRequired, note].
function branches(schema) {
  const flat = withoutNull(flatten(schema));
  const out = [];
  const required = list(flat.required);
  const add = (label, part, note) => {
    if (isObject(part) || typeof part === "boolean") out.push({ label, schema: part, note });
  };
  for (const [name, part] of Object.entries(flat.properties ?? {})) {
    out.push({ label: name, schema: part, isRequired: required.includes(name), isField: true });
  }
  for (const [pattern, part] of entries(flat.patternProperties)) add(`/${pattern}/`, part, "fields that match");
  for (const key of ["additionalProperties", "unevaluatedProperties"]) if (isObject(flat[key])) add("*", flat[key], "other fields");
  list(flat.prefixItems).forEach((part, index) => add(`[${index}]`, part));
  if (isObject(flat.items)) {
    const inner = list(flat.prefixItems).length ? [] : branches(flat.items);
    if (inner.length && !flat.items.oneOf) out.push(...inner); else if (facts(flatten(flat.items)).length || inner.length) add("items", flat.items);
  }
  const [keyword, variants] = variantsOf(flat);
  const mapping = entries(object(flat.discriminator).mapping);
  variants.forEach((part, index) => {
    const reference = own(part, "$ref");
    const found = mapping.find(([, target]) => target === reference || target === referenceName(reference));
    const name = string(object(flat.discriminator).propertyName);
    const value = found ? found[0] : referenceName(reference);
    add(index ? "or" : keyword === "oneOf" ? "one of" : "any of", part, name && value ? `${name} = ${value}` : string(flatten(part).title));
  });
  for (const key of ["not", "if", "then", "else", "contains", "propertyNames", "contentSchema"]) add(key, flat[key]);
  for (const [name, part] of entries(flat.dependentSchemas)) add(name, part, "if present");
  return out;
}

function branchRow({ label, schema, isRequired, note, isField }, depth) {
  const flat = withoutNull(flatten(schema));
  const inner = isObject(schema) ? branches(schema) : [];
  const name = isField ? code(label, "name") : h("span.name.keyword", {}, label);
  const type = h("span.type", {}, typeText(schema));
  const part = inner.length ? disclosure([name], () => branchList(inner, depth + 1)) : undefined;
  return h("li", {},
    h("div.row", {}, part ? part.button : name, note && h("span.note", {}, note), type, marks(flat, isRequired)),
    markdown(flat.description, 6), facts(flat), part?.region);
}

const branchList = (rows, depth) => h("ul.schema", {}, rows.map((row) => branchRow(row, depth)));

// The whole view of one schema.
function schemaView(schema) {
  if (typeof schema === "boolean") return h("p.note", {}, schema ? "Any value." : "No value is valid.");
  const flat = withoutNull(flatten(schema));
  const rows = branches(schema);
  return h("div.schema-view", {},
    h("div.row.head", {}, h("span.type", {}, typeText(schema)), marks(flat, false),
      (flat.additionalProperties === false || flat.unevaluatedProperties === false) && h("span.mark", {}, "no other fields")),
    markdown(flat.description, 5), facts(flat), rows.length ? branchList(rows, 0) : undefined);
}
