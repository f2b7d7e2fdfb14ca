// The views: overview, operation, schema; and the navigation beside them.

const badge = (operation) => h(`span.badge.m-${operation.method}`, {}, operation.method === "delete" ? "del" : operation.method);
const heading = (...children) => h("h1", { tabindex: -1 }, ...children);
const deprecatedMark = () => h("span.mark.deprecated", {}, "deprecated");

function operationRow(operation) {
  return h("li", {}, h("a.operation", { href: anchorOf(operation.anchor) }, badge(operation),
    h("span.summary", {}, h(operation.isDeprecated ? "s" : "span", {}, operation.summary)), code(operation.path, "path"),
    operation.isDeprecated && deprecatedMark()));
}

function overviewPage() {
  const info = object(api.document.info);
  const contact = object(info.contact);
  const license = object(info.license);
  const facts = [
    [link(api.address, "OpenAPI document")],
    api.document.externalDocs && [link(string(object(api.document.externalDocs).url), string(object(api.document.externalDocs).description) || "More documentation")],
    info.termsOfService && [link(string(info.termsOfService), "Terms of service")],
    (contact.url || contact.email) && ["Contact ", link(string(contact.url) || `mailto:${string(contact.email)}`, string(contact.name) || string(contact.email) || "contact")],
    (license.name || license.url) && ["License ", license.url ? link(string(license.url), string(license.name) || "license") : string(license.name)],
  ].filter(Boolean);
  const servers = list(api.document.servers).filter(isObject);
  const schemes = securitySchemes();
  const names = Object.keys(schemas());
  return [
    heading(string(info.title) || "API", info.version !== undefined && h("span.version", {}, String(info.version))),
    string(info.summary) && h("p.lead", {}, string(info.summary)),
    markdown(info.description, 2),
    h("ul.links", {}, facts.map((fact) => h("li", {}, fact))),
    servers.length > 0 && h("section", {}, h("h2", {}, "Servers"), h("ul.plain", {}, servers.map((server) =>
      h("li", {}, code(string(server.url)), server.description && h("div.note", {}, markdown(server.description, 4)))))),
    schemes.length > 0 && h("section", {}, h("h2", {}, "Authentication"), h("ul.plain", {}, schemes.map((scheme) =>
      h("li", {}, h("strong", {}, scheme.key), h("span.note", {}, ` ${schemeKind(scheme)}`), markdown(scheme.description, 4))))),
    api.tags.map((tag) => h("section.tag", { id: newID("tag") }, h("h2", {}, tag.name), markdown(tag.description, 3),
      h("ul.operations", {}, tag.operations.map(operationRow)))),
    names.length > 0 && h("section", {}, h("h2", {}, "Schemas"), h("ul.names", {}, names.map((name) =>
      h("li", {}, h("a", { href: schemaAnchor(name) }, name))))),
  ];
}

function parameterRow(parameter) {
  const schema = Object.values(object(parameter.content)).map((media) => object(media).schema)[0] ?? parameter.schema ?? true;
  const flat = withoutNull(flatten(schema));
  const inner = isObject(schema) ? branches(schema) : [];
  const name = code(parameter.name, "name");
  const part = inner.length ? disclosure([name], () => branchList(inner, 1)) : undefined;
  const style = [parameter.style && `style ${string(parameter.style)}`, parameter.explode === false && "not exploded"].filter(Boolean);
  return h("li", {}, h("div.row", {}, part ? part.button : name, h("span.type", {}, typeText(schema)),
    marks({ ...flat, deprecated: parameter.deprecated === true || flat.deprecated }, parameter.required === true || parameter.in === "path"),
    style.length > 0 && h("span.note", {}, style.join(", "))),
  markdown(string(parameter.description) || flat.description, 5),
  facts(flat, examplesOf({ example: parameter.example, examples: parameter.examples }, "request")[0]?.value), part?.region);
}

// Schema and example of each media type.
function contentView(content, direction, label) {
  const types = entries(content);
  if (!types.length) return undefined;
  return tabs(`Media type of ${label}`, types.map(([type, media]) => ({ label: type, fill: () => mediaView(type, object(media), direction, label, types.length === 1) })));
}

function mediaView(type, media, direction, label, isOnly) {
  const examples = examplesOf(media, direction).filter((example) => !example.isMade || isJSONType(type) || isObject(example.value));
  const schema = media.schema ?? media.itemSchema;
  const example = examples.length > 0 && disclosure(examples.length > 1 ? "Examples" : "Example", () =>
    tabs(`Example of ${label}`, examples.map((one) => ({ label: one.label, fill: () => {
      const text = exampleBody(one.value, type);
      return h("div.sample", {}, copyButton(() => text, "example"), codeBlock(text, type, `Example of ${label}`));
    } }))), direction === "response" && examples.length > 0 && flatten(schema).type !== undefined);
  if (example) example.set(true);
  return h("div", {}, isOnly && h("p.media", {}, code(type)), schema !== undefined && schemaView(schema), example && h("div.example", {}, example.button, example.region));
}

function responseView(status, response, isOpen) {
  response = resolved(response);
  const headers = entries(response.headers).map(([name, header]) => ({ ...resolved(header), name, in: "header" }));
  const links = entries(response.links);
  const label = [h(`span.status.s${status[0]}`, {}, status === "default" ? "other" : status), h("span.summary", {}, inline(string(response.description).slice(0, 300)))];
  const hasMore = headers.length || links.length || entries(response.content).length;
  if (!hasMore) return h("div.response-row", {}, h("div.row", {}, label));
  const part = disclosure(label, () => [
    headers.length > 0 && [h("h3", {}, "Headers"), h("ul.schema", {}, headers.map(parameterRow))],
    contentView(response.content, "response", `response ${status}`),
    links.length > 0 && [h("h3", {}, "Links"), h("ul.plain", {}, links.map(([name, one]) => h("li", {}, code(name), " ",
      own(resolved(one), "operationId") && h("a", { href: anchorOf(string(resolved(one).operationId)) }, string(resolved(one).operationId)))))],
  ].flat(Infinity).filter(Boolean), isOpen);
  return h("div.response-row", {}, part.button, part.region);
}

function operationPage(operation) {
  const { raw } = operation;
  const body = resolved(raw.requestBody);
  const responses = entries(raw.responses);
  const callbacks = entries(raw.callbacks);
  const firstSuccess = responses.findIndex(([status]) => status.startsWith("2"));
  const panel = operation.isWebhook ? undefined : tryPanel(operation);
  const text = h("div.text", {},
    h("p.crumbs", {}, operation.tags.map((tag) => h("span", {}, tag)), operation.isWebhook && h("span", {}, "Webhook")),
    heading(operation.summary, operation.isDeprecated && deprecatedMark()),
    h("p.address", {}, badge(operation), code(operation.path, "path"), copyButton(() => operation.path, "path"),
      panel && h("button.jump", { type: "button", click: () => { panel.title.focus(); panel.element.scrollIntoView(); } }, "Try it")),
    operation.isDeprecated && h("p.warning", {}, "This operation is deprecated: do not build on it."),
    markdown(raw.description, 2),
    raw.externalDocs && h("p", {}, link(string(object(raw.externalDocs).url), string(object(raw.externalDocs).description) || "More documentation")),
    Object.keys(placeNames).map((place) => {
      const found = operation.parameters.filter((parameter) => parameter.in === place);
      return found.length > 0 && h("section", {}, h("h2", {}, placeNames[place]), h("ul.schema", {}, found.map(parameterRow)));
    }),
    entries(body.content).length > 0 && h("section", {}, h("h2", {}, "Request body", body.required === true && h("span.mark.required", {}, "required")),
      markdown(body.description, 3), contentView(body.content, "request", "request body")),
    h("section", {}, h("h2", {}, "Responses"), responses.map(([status, response], index) => responseView(status, response, index === firstSuccess))),
    callbacks.length > 0 && h("section", {}, h("h2", {}, "Callbacks"), h("ul.plain", {}, callbacks.map(([name, callback]) => h("li", {}, code(name),
      entries(resolved(callback)).map(([address]) => h("div.note", {}, code(address))))))));
  return { element: h("article.operation-page", {}, text, panel?.element), panel };
}

function schemaPage(name) {
  const schema = schemas()[name];
  const uses = api.operations.filter((operation) => toJSON(operation.raw, 0).includes(`"#/components/schemas/${name}"`));
  const text = toJSON(exampleOf(schema, "response"));
  return h("article.text", {}, h("p.crumbs", {}, h("span", {}, "Schema")), heading(name), schemaView(schema),
    h("section", {}, h("h2", {}, "Example"), h("div.sample", {}, copyButton(() => text, "example"), codeBlock(text, "application/json", "Example"))),
    uses.length > 0 && h("section", {}, h("h2", {}, "Used by"), h("ul.operations", {}, uses.map(operationRow))));
}

// Tags open on demand: with a thousand operations only those that are looked at become elements.
function navigation() {
  const isLarge = api.operations.length > 80;
  const parts = api.tags.map((tag, index) => {
    const part = disclosure([h("span", {}, tag.name), h("span.count", {}, String(tag.operations.length))], () =>
      h("ul", {}, tag.operations.map((operation) => h("li", {}, h("a", { href: anchorOf(operation.anchor), "data-anchor": operation.anchor },
        badge(operation), h(operation.isDeprecated ? "s" : "span", {}, operation.summary))))), !isLarge || index === 0);
    return { tag, ...part };
  });
  const names = Object.keys(schemas());
  const models = names.length > 0 && disclosure([h("span", {}, "Schemas"), h("span.count", {}, String(names.length))], () =>
    h("ul", {}, names.map((name) => h("li", {}, h("a", { href: schemaAnchor(name), "data-anchor": `schema/${name}` }, name)))));
  const element = h("div", {}, h("a.home", { href: "#", "data-anchor": "" }, "Overview"), parts.map((part) => [part.button, part.region]),
    models && [models.button, models.region]);
  const show = (anchor) => {
    const operation = api.byAnchor.get(anchor);
    if (anchor.startsWith("schema/") && models) models.set(true);
    const places = operation ? parts.filter((part) => part.tag.operations.includes(operation)) : [];
    if (places.length && places.every((part) => part.region.hidden)) places[0].set(true);
    for (const one of element.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
    const here = [...element.querySelectorAll("a")].find((one) => one.dataset.anchor === anchor && !one.closest("[hidden]"));
    here?.setAttribute("aria-current", "page");
    here?.scrollIntoView({ block: "nearest" });
  };
  return { element, show };
}
