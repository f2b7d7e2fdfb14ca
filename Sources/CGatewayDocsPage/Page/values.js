// The API description is outside input. These readers give the expected kind of value or an empty one, never a
// surprise from a prototype, so that a malformed part costs that part and not the page.

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value) => (isObject(value) ? value : {});
const list = (value) => (Array.isArray(value) ? value : []);
const string = (value) => (typeof value === "string" ? value : "");
const entries = (value) => Object.entries(object(value));
const own = (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined);

// Integers beyond 2^53 stay exact where the browser gives the source text of numbers.
const exactNumber = (key, value, context) =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source)
    ? BigInt(context.source) : value;
const parseJSON = (text) => JSON.parse(text, JSON.rawJSON ? exactNumber : undefined);
const toJSON = (value, indent = 2) =>
  JSON.stringify(value, (key, part) => (typeof part === "bigint" ? JSON.rawJSON(String(part)) : part), indent) ?? "";

// encodeURIComponent throws at half a surrogate pair, which JSON may contain.
const wellFormed = (text) => (text.toWellFormed ? text.toWellFormed() : text);
const percentEncoded = (text) => encodeURIComponent(wellFormed(text));

// A value as short text: strings in quotes, so that "1" and 1 differ.
const shortJSON = (value) => {
  const text = toJSON(value, 0);
  return text.length > 120 ? text.slice(0, 119) + "…" : text;
};

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const bytesText = (count) =>
  count < 1000 ? plural(count, "byte") : count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
