// Form fields from schemas. A field reads as { value } if something is given, { error } if it cannot be used, and {}
// if it is left out.

function control(schema, { isRequired, initial }) {
  const flat = withoutNull(flatten(schema));
  const types = typesOf(flat);
  const text = initial === undefined ? "" : asText(initial);
  const choices = flat.const !== undefined ? [flat.const] : list(flat.enum).length ? flat.enum
    : types.length === 1 && types[0] === "boolean" ? [true, false] : undefined;
  if (choices && !types.includes("array")) {
    const element = h("select", {}, isRequired && initial !== undefined ? undefined : h("option", { value: "" }, "—"),
      choices.map((choice, index) => h("option", { value: String(index) }, asText(choice))));
    element.value = String(Math.max(choices.findIndex((choice) => asText(choice) === text), initial === undefined ? -1 : 0));
    if (initial === undefined) element.value = "";
    return { element, read: () => (element.value === "" ? {} : { value: choices[Number(element.value)] }) };
  }
  const items = isObject(flat.items) ? flatten(flat.items) : {};
  if (isBinary(flat) || (types.includes("array") && isBinary(items))) {
    const element = h("input", { type: "file", multiple: types.includes("array") });
    return { element, read: () => (element.files.length ? { value: types.includes("array") ? [...element.files] : element.files[0] } : {}) };
  }
  if (types.includes("array") && !items.properties && !typesOf(items).includes("object")) {
    const element = h("textarea", { rows: 2, value: list(initial).map(asText).join("\n"), spellcheck: "false" });
    return { element, hint: "one value per line",
      read: () => { const lines = element.value.split("\n").filter((line) => line !== ""); return lines.length ? { value: lines } : {}; } };
  }
  if (types.includes("object") || types.includes("array") || flat.properties) {
    const element = h("textarea.mono", { rows: 2, value: initial === undefined ? "" : toJSON(initial), spellcheck: "false" });
    return { element, hint: "JSON", read: () => readJSON(element.value) };
  }
  const kind = flat.format === "password" ? "password" : "text";
  const isNumber = types.some((type) => type === "integer" || type === "number");
  const element = h("input", { type: kind, inputmode: isNumber ? "decimal" : undefined, value: text, autocomplete: "off",
    spellcheck: "false", placeholder: flat.default === undefined ? undefined : asText(flat.default) });
  return { element, read: () => (element.value === "" ? {} : { value: element.value }) };
}

function readJSON(text) {
  if (!text.trim()) return {};
  try { return { value: parseJSON(text), text }; } catch (error) { return { error: `Not valid JSON: ${error.message}` }; }
}

// A labelled field with its message; `check` shows what is wrong and returns what read() gave.
function field(name, schema, { isRequired, initial, note, input }) {
  const part = control(schema, { isRequired, initial });
  const id = newID("field");
  const message = h("p.error", { id: `${id}-error`, hidden: true });
  part.element.id = id;
  part.element.setAttribute("aria-describedby", message.id);
  if (isRequired) part.element.setAttribute("aria-required", "true");
  part.element.addEventListener("input", input);
  part.element.addEventListener("change", input);
  const check = () => {
    const found = part.read();
    const wrong = found.error ?? (isRequired && !("value" in found) ? "This is required." : "");
    message.textContent = wrong;
    message.hidden = !wrong;
    part.element.toggleAttribute("aria-invalid", false);
    if (wrong) part.element.setAttribute("aria-invalid", "true");
    return wrong ? { error: wrong, element: part.element } : found;
  };
  const hints = [note, part.hint].filter(Boolean).join(", ");
  const element = h("div.field", {}, h("label", { for: id }, code(name), isRequired && h("span.mark.required", {}, "required"),
    hints && h("span.note", {}, hints)), part.element, message);
  return { element, check, read: part.read };
}

// The fields of a request body for one media type.
function bodyFields(mediaType, media, isRequired, input) {
  const schema = media.schema ?? {};
  const flat = withoutNull(flatten(schema));
  if (/^(multipart\/|application\/x-www-form-urlencoded)/.test(mediaType)) return formFields(mediaType, media, flat, input);
  const isText = isJSONType(mediaType) || /^text\/|[+/](xml|yaml)\b|[+/-](ndjson|jsonl)\b/.test(mediaType);
  if (!isText || isBinary(flat)) {
    const one = field("File", { type: "string", format: "binary" }, { isRequired, input });
    const read = (found) => (found.value ? { body: { mediaType, file: found.value } } : {});
    return { element: one.element, check: () => { const found = one.check(); return found.error ? found : read(found); },
      read: () => read(one.read()) };
  }
  const examples = examplesOf(media, "request");
  const editor = h("textarea.mono", { id: newID("body"), rows: 12, spellcheck: "false",
    value: examples.length ? exampleBody(examples[0].value, mediaType) : "" });
  const message = h("p.error", { id: newID("error"), role: "alert", hidden: true });
  editor.rows = Math.min(18, Math.max(4, editor.value.split("\n").length + 1));
  editor.setAttribute("aria-describedby", message.id);
  const check = () => {
    const found = isJSONType(mediaType) ? readJSON(editor.value) : {};
    const wrong = found.error ?? (isRequired && !editor.value.trim() ? "A body is required." : "");
    message.textContent = wrong;
    message.hidden = !wrong;
    editor.setAttribute("aria-invalid", String(Boolean(wrong)));
    return wrong ? { error: wrong, element: editor } : read();
  };
  const read = () => (editor.value === "" ? {} : { body: { mediaType, text: editor.value } });
  editor.addEventListener("input", () => { if (isJSONType(mediaType)) check(); input(); });
  const choice = examples.length > 1 && h("select", { "aria-label": "Example", change: (event) => {
    editor.value = exampleBody(examples[Number(event.target.value)].value, mediaType);
    check();
    input();
  } }, examples.map((example, index) => h("option", { value: String(index) }, example.label)));
  return { check, read, element: h("div.field", {}, h("div.row", {}, h("label", { for: editor.id }, "Body"), choice), editor, message) };
}

function formFields(mediaType, media, flat, input) {
  const isMultipart = mediaType.startsWith("multipart/");
  const sample = object(examplesOf(media, "request")[0]?.value);
  const required = list(flat.required);
  const parts = Object.entries(flat.properties ?? {}).map(([name, schema]) => ({
    name, schema, encoding: object(own(media.encoding, name)),
    field: field(name, schema, { isRequired: required.includes(name), input,
      initial: required.includes(name) ? sample[name] : undefined }),
  }));
  const gather = (results) => {
    const fields = [];
    results.forEach((found, index) => {
      if (!("value" in found)) return;
      const { name, schema, encoding } = parts[index];
      const isObjectValue = isObject(found.value) && !(found.value instanceof File);
      const contentType = string(encoding.contentType).split(",")[0] || (isObjectValue && isMultipart ? "application/json" : "");
      if (!isMultipart && (isObjectValue || Array.isArray(found.value)) && !isJSONType(contentType)) {
        const parameter = { in: "query", name, style: encoding.style, explode: encoding.explode };
        fields.push(...styled(parameter, found.value, (text) => text));
      } else for (const item of Array.isArray(found.value) && isMultipart ? found.value : [found.value]) {
        fields.push([name, item instanceof File ? item : asText(item), contentType && isMultipart ? contentType : ""]);
      }
    });
    return { body: { mediaType, fields } };
  };
  return {
    element: h("div", {}, parts.map((part) => part.field.element)),
    check: () => {
      const results = parts.map((part) => part.field.check());
      return results.find((found) => found.error) ?? gather(results);
    },
    read: () => gather(parts.map((part) => part.field.read())),
  };
}
