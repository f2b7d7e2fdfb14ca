// The panel that sends a request: server, credentials, parameters, body, the curl command, the answer.

let policyBlocked = "";
document.addEventListener("securitypolicyviolation", (event) => { policyBlocked = event.blockedURI; });

function serverFields(operation, changed) {
  const servers = serversOf(operation);
  const values = Object.create(null);
  let chosen = servers[0];
  const variables = h("div");
  const showVariables = () => variables.replaceChildren(...entries(chosen.variables).map(([name, variable]) => {
    const schema = { type: "string", enum: own(variable, "enum"), default: own(variable, "default") };
    const one = field(name, schema, { initial: own(values, name) ?? own(variable, "default"), input: () => {
      values[name] = one.read().value ?? own(variable, "default");
      changed();
    } });
    return one.element;
  }));
  const id = newID("server");
  const select = h("select", { id, change: () => { chosen = servers[Number(select.value)]; showVariables(); changed(); } },
    servers.map((server, index) => h("option", { value: String(index) },
      string(server.url) + (server.description ? ` (${string(server.description)})` : ""))));
  showVariables();
  return {
    element: h("div.field", {}, h("label", { for: id }, "Server"), select, variables),
    address: () => serverAddress(chosen, values),
  };
}

function parameterSchema(parameter) {
  const media = Object.values(object(parameter.content))[0];
  return media ? { type: "object", ...object(object(media).schema) } : parameter.schema ?? { type: "string" };
}

function tryPanel(operation) {
  const curl = h("code");
  const state = { body: undefined };
  const refresh = () => { curl.textContent = commandText(); };
  const server = serverFields(operation, refresh);
  const parameters = operation.parameters.map((parameter) => {
    const isRequired = parameter.required === true || parameter.in === "path";
    const initial = isRequired ? examplesOf({ schema: parameterSchema(parameter), ...parameter }, "request")[0]?.value : undefined;
    return { parameter, field: field(parameter.name, parameterSchema(parameter),
      { isRequired, initial, note: parameter.in, input: refresh }) };
  });
  const body = bodyPart(operation, state, refresh);
  const accepts = [...new Set(entries(operation.raw.responses).filter(([status]) => /^[2d]/.test(status))
    .flatMap(([, response]) => Object.keys(object(resolved(response).content))))];
  const accept = accepts.length > 1 && h("select", { id: newID("accept"), change: refresh },
    accepts.map((type) => h("option", {}, type)));
  const request = (given, bodyValue) => {
    const address = server.address();
    return address && buildRequest({
      operation, server: address, parameters: given, body: bodyValue, credentials: credentialsFor(operation).credentials,
      accept: accept ? accept.value : accepts[0] ?? "",
    });
  };
  const commandText = () => {
    const given = parameters.map(({ parameter, field: one }) => ({ parameter, ...one.read() })).filter((one) => "value" in one);
    const built = request(given, state.body?.read().body);
    return built ? curlCommand(built) : "This server's address cannot be used from here.";
  };
  const answer = h("div.response", { role: "region", "aria-label": "Response" });
  const notes = h("div", { role: "status" });
  const send = h("button.primary", { type: "submit" }, "Send");
  const stop = h("button", { type: "button", hidden: true, click: () => state.abort?.abort() }, "Stop");

  const submit = async (event) => {
    event.preventDefault();
    const results = [...parameters.map(({ parameter, field: one }) => ({ parameter, ...one.check() })), ...[state.body?.check() ?? {}]];
    const wrong = results.find((found) => found.error);
    if (wrong) { wrong.element.focus(); announce(wrong.error); return; }
    const built = request(results.slice(0, parameters.length).filter((one) => "value" in one), results.at(-1).body);
    if (!built) { notes.replaceChildren(h("p.error", {}, "This server's address cannot be used from here.")); return; }
    notes.replaceChildren(...[...new Set(built.notes)].map((note) => h("p.note", {}, note)));
    await perform(built, { answer, send, stop, state });
  };
  const auth = h("p.note.auth");
  const showAuth = () => {
    const { text, isReady } = credentialsFor(operation);
    auth.hidden = !text;
    auth.replaceChildren(text, " ", h("button.quiet.small", { type: "button", click: () => openAuthorization(refreshAuthorization) },
      isReady && text.startsWith("Authorized") ? "Change" : "Authorize"));
    refresh();
  };
  const isSendable = !operation.isWebhook && operation.method !== "trace";
  const form = h("form.try", { submit, novalidate: true },
    server.element, auth, parameters.map((one) => one.field.element),
    accept && h("div.field", {}, h("label", { for: accept.id }, "Accept"), accept), body,
    isSendable ? h("div.actions", {}, send, stop) : h("p.note", {}, "Browsers do not send this method."), notes);
  showAuth();
  const title = h("h2", { tabindex: -1 }, "Try it");
  const element = h("section.panel", { "aria-label": "Try it" }, title, form,
    answer, h("div.block", {}, h("div.row.bar-head", {}, h("h3", {}, "curl"), copyButton(() => curl.textContent, "curl command")),
      h("pre.code", { tabindex: 0, role: "region", "aria-label": "curl command" }, curl)));
  return { element, title, refreshAuthorization: showAuth, leave: () => state.abort?.abort() };
}

function bodyPart(operation, state, refresh) {
  const requestBody = resolved(operation.raw.requestBody);
  const types = entries(requestBody.content);
  if (!types.length) return undefined;
  const place = h("div");
  const choose = (index) => {
    state.body = bodyFields(types[index][0], object(types[index][1]), requestBody.required === true, refresh);
    place.replaceChildren(state.body.element);
  };
  choose(0);
  const id = newID("media");
  const select = h("select", { id, change: () => { choose(Number(select.value)); refresh(); } },
    types.map(([type], index) => h("option", { value: String(index) }, type)));
  return [h("div.field", {}, h("label", { for: id }, "Content type"), select), place];
}

// A cookie can only be sent by this page to its own origin, and is taken back after the request.
function withCookies(request, action) {
  const cookies = new URL(request.url).origin === location.origin ? request.cookies : [];
  const before = new Map(document.cookie.split("; ").map((pair) => [pair.split("=")[0], pair]));
  const clean = (text) => text.replace(/[;\r\n]/g, "");
  for (const [name, value] of cookies) document.cookie = `${clean(name)}=${clean(value)}; path=/; samesite=strict`;
  return action().finally(() => {
    for (const [name] of cookies) {
      const old = before.get(clean(name));
      document.cookie = old ? `${old}; path=/; samesite=strict` : `${clean(name)}=; path=/; max-age=0`;
    }
  });
}

// Undefined if the browser refuses to make it: a body of GET, a header that is not Latin-1.
function madeRequest(request, signal) {
  try {
    const headers = new Headers(request.headers.filter(([name]) => !isForbidden(name)));
    const { content, contentType } = fetchBody(request.body);
    if (contentType) headers.set("Content-Type", contentType);
    return new Request(request.url, { method: request.method, headers, body: content, credentials: "same-origin", cache: "no-store", signal });
  } catch {
    return undefined;
  }
}

async function perform(request, { answer, send, stop, state }) {
  state.abort?.abort();
  const abort = state.abort = new AbortController();
  releaseURLs(answer);
  answer.replaceChildren(h("p.note", {}, "Waiting …"));
  stop.hidden = false;
  policyBlocked = "";
  const made = madeRequest(request, abort.signal);
  const started = performance.now();
  try {
    if (!made) throw new Error("The browser does not send such a method, header or body; curl does.");
    const response = await withCookies(request, () => fetch(made));
    await showResponse(answer, response, started);
    answer.scrollIntoView({ block: "nearest" });
  } catch (error) {
    // The event about a refusal by the policy comes in a task after the failure of fetch.
    await new Promise((done) => setTimeout(done, 50));
    if (state.abort !== abort) return;
    const text = abort.signal.aborted ? "Stopped."
      : !made ? error.message
      : policyBlocked ? "This page may only reach its own origin and the servers that the gateway was told about."
        : `No response: ${error.message}. The server may be down, or may not allow requests from this origin (CORS). curl still works.`;
    if (!abort.signal.aborted) answer.replaceChildren();
    answer.append(h(abort.signal.aborted ? "p.note" : "p.error", {}, text));
    announce(text);
  } finally {
    if (state.abort === abort) stop.hidden = true;
  }
}
