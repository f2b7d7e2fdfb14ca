// Credentials for try-it-out. They live in this tab's session storage, under this document's address, and nowhere else.

const credentialStore = {
  get key() { return `docs credentials ${api.address}`; },
  read() {
    // Without a prototype: a scheme may be called __proto__.
    try { this.memory = Object.assign(Object.create(null), object(JSON.parse(sessionStorage.getItem(this.key)))); } catch { /* memory alone */ }
    return this.memory;
  },
  write(values) {
    this.memory = values;
    try { sessionStorage.setItem(this.key, JSON.stringify(values)); } catch { /* storage may be switched off */ }
  },
  memory: Object.create(null),
};

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// Where the credential of a scheme goes; undefined if none is given.
function credentialOf(scheme, given) {
  const value = string(given?.value).trim();
  const type = string(scheme.type);
  const kind = string(scheme.scheme).toLowerCase();
  if (type === "http" && kind === "basic") {
    if (!string(given?.user) && !string(given?.value)) return undefined;
    return { in: "header", name: "Authorization", value: `Basic ${base64(`${string(given.user)}:${string(given.value)}`)}` };
  }
  if (!value) return undefined;
  if (type === "apiKey") return { in: string(scheme.in) || "header", name: string(scheme.name), value };
  const prefix = type === "http" && kind !== "bearer" ? `${string(scheme.scheme)} ` : "Bearer ";
  return { in: "header", name: "Authorization", value: value.toLowerCase().startsWith(prefix.toLowerCase()) ? value : prefix + value };
}

// The credentials of the first alternative that is complete, and in words what is used or missing.
function credentialsFor(operation) {
  const given = credentialStore.read();
  const schemes = new Map(securitySchemes().map((scheme) => [scheme.key, scheme]));
  const alternatives = securityOf(operation);
  for (const alternative of alternatives) {
    const names = Object.keys(alternative);
    const found = names.map((name) => credentialOf(object(schemes.get(name)), own(given, name)));
    if (names.length && found.every(Boolean)) return { credentials: found, text: `Authorized with ${names.join(" and ")}`, isReady: true };
  }
  if (!alternatives.length || alternatives.some((one) => !Object.keys(one).length)) {
    return { credentials: [], text: alternatives.length ? "Authorization is optional" : "", isReady: true };
  }
  return { credentials: [], text: `Needs ${alternatives.map((one) => Object.keys(one).join(" and ")).join(", or ")}`, isReady: false };
}

const schemeKind = (scheme) => ({
  apiKey: `API key in ${string(scheme.in)} ${string(scheme.name)}`,
  http: `HTTP ${string(scheme.scheme)}${scheme.bearerFormat ? ` (${string(scheme.bearerFormat)})` : ""}`,
  oauth2: "OAuth 2", openIdConnect: "OpenID Connect", mutualTLS: "Mutual TLS",
})[string(scheme.type)] ?? "Unknown kind";

function schemeFields(scheme, values) {
  const field = (label, key, type) => {
    const id = newID("credential");
    return h("div.field", {}, h("label", { for: id }, label), h("input", {
      id, type, value: string(own(values, key)), autocomplete: "off", spellcheck: "false",
      input: (event) => { values[key] = event.target.value; },
    }));
  };
  if (scheme.type === "mutualTLS") return h("p.note", {}, "The browser chooses the client certificate.");
  if (scheme.type === "http" && string(scheme.scheme).toLowerCase() === "basic") {
    return [field("User name", "user", "text"), field("Password", "value", "password")];
  }
  const flows = entries(scheme.flows).map(([name, flow]) => h("p.note", {}, `${name}: `,
    ["authorizationUrl", "tokenUrl"].filter((key) => string(own(flow, key))).flatMap((key, index) =>
      [index ? ", " : "", link(flow[key], flow[key])]),
    entries(own(flow, "scopes")).length > 0 && [" · scopes ", entries(flow.scopes).flatMap(([scope]) => [code(scope), " "])]));
  const isToken = ["oauth2", "openIdConnect"].includes(scheme.type);
  return [flows, field(scheme.type === "apiKey" ? "Key" : isToken ? "Access token (paste one)" : "Token", "value", "password")];
}

// The dialog of the page's header. `changed` is called after it closed with new values.
function openAuthorization(changed) {
  const values = Object.create(null);
  for (const [key, value] of Object.entries(credentialStore.read())) values[key] = { ...object(value) };
  const finish = (next) => { credentialStore.write(next); dialog.close(); changed(); announce("Credentials saved for this tab"); };
  const dialog = h("dialog", { "aria-labelledby": "authorize-title", close: () => dialog.remove() },
    h("form", { method: "dialog", submit: (event) => { event.preventDefault(); finish(values); } },
      h("h2", { id: "authorize-title" }, "Authorize"),
      h("p.note", {}, "Kept in this browser tab only, and sent with Send."),
      securitySchemes().map((scheme) => {
        if (!isObject(values[scheme.key])) values[scheme.key] = {};
        return h("fieldset", {}, h("legend", {}, scheme.key, h("span.note", {}, ` ${schemeKind(scheme)}`)),
          markdown(scheme.description, 4), schemeFields(scheme, values[scheme.key]));
      }),
      h("div.actions", {}, h("button.primary", { type: "submit" }, "Save"),
        h("button", { type: "button", click: () => finish(Object.create(null)) }, "Forget all"),
        h("button.quiet", { type: "button", click: () => dialog.close() }, "Cancel"))));
  document.body.append(dialog);
  dialog.showModal();
}
