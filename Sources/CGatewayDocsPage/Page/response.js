// The answer to a request that was tried: status, headers, body; streams are shown as they arrive.

const isStream = (type) => /^(text\/event-stream|application\/(x-)?(ndjson|jsonl|json-seq))\b/i.test(type);
const mostBytes = 32e6;    // read of one body; the rest is not fetched
const mostShown = 500000;  // characters of a body put on the page; all of it can be downloaded
const mostEvents = 500;    // the oldest leave the page
const mostOfEvent = 50000; // characters of one

async function readBody(response, onBytes) {
  const reader = response.body?.getReader();
  const chunks = [];
  let size = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
    onBytes?.(value);
    if (size > mostBytes) { await reader.cancel(); return { blob: new Blob(chunks), size, isCut: true }; }
  }
  return { blob: new Blob(chunks), size, isCut: false };
}

// Chrome of one answer: `head` is filled when the head arrives.
async function showResponse(place, response, started) {
  const type = response.headers.get("content-type") ?? "";
  const time = () => `${Math.round(performance.now() - started)} ms`;
  const size = h("span");
  const headers = [...response.headers];
  const list = disclosure(plural(headers.length, "header"), () => h("dl.headers", {},
    headers.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
  const content = h("div");
  const status = h(`span.status.s${String(response.status)[0]}`, {}, `${response.status} ${response.statusText}`.trim());
  place.replaceChildren(h("div.row.answer", {}, status, h("span.note", {}, time()), size), list.button, list.region, content);
  size.className = "note";
  if (response.redirected) content.append(h("p.note", {}, "After a redirect to ", link(response.url, response.url)));
  announce(`Response ${response.status} after ${time()}`);
  if (isStream(type)) return showStream(content, response, type, size);
  const { blob, size: count, isCut } = await readBody(response);
  size.textContent = bytesText(count) + (isCut ? " (stopped there)" : "");
  await showBody(content, blob.slice(0, blob.size, type), type, count);
}

const isText = (type) => isJSONType(type) || /^text\/|[+/](xml|yaml|javascript|x-www-form-urlencoded)\b/i.test(type);

async function showBody(content, blob, type, size) {
  if (!size) { content.append(h("p.note", {}, "No body.")); return; }
  const download = () => h("a.button.quiet.small", { href: keepURL(content, blob), download: "response" }, "Download");
  if (/^image\//i.test(type)) {
    content.append(h("img.body", { src: keepURL(content, blob), alt: "Body of the response" }), download());
  } else if (isText(type)) {
    const text = await blob.text();
    const isLong = text.length > mostShown;
    content.append(h("div.actions", {}, copyButton(() => text, "response"), download(), isLong &&
      h("span.note", {}, "Only the beginning is shown.")));
    content.append(codeBlock(isLong ? text.slice(0, mostShown) : text, type, "Body of the response"));
  } else {
    content.append(h("p.note", {}, `${bytesText(size)} of ${type || "unknown type"}.`), download());
  }
}

// Object addresses hold the body in memory until they are given back: one per place.
const keptURLs = new WeakMap();
function keepURL(place, blob) {
  if (!keptURLs.has(place)) keptURLs.set(place, URL.createObjectURL(blob));
  return keptURLs.get(place);
}
function releaseURLs(place) {
  for (const element of place.querySelectorAll("div")) {
    if (keptURLs.has(element)) URL.revokeObjectURL(keptURLs.get(element));
    keptURLs.delete(element);
  }
}

async function showStream(content, response, type, size) {
  const isEvents = /^text\/event-stream/i.test(type);
  const events = h("ol.events", { tabindex: 0, "aria-label": "Events" });
  content.append(events);
  let count = 0;
  let bytes = 0;
  const show = (name, text) => {
    let body = text.slice(0, mostOfEvent);
    try { JSON.parse(body); body = jsonView(body); } catch { /* shown as it is */ }
    const isAtEnd = events.scrollTop + events.clientHeight >= events.scrollHeight - 20;
    events.append(h("li", {}, name && h("span.note", {}, name), h("pre", {}, body)));
    if (events.children.length > mostEvents) events.firstChild.remove();
    if (isAtEnd) events.scrollTop = events.scrollHeight;
    count += 1;
  };
  const take = isEvents ? eventLines(show) : (line) => { if (line.replace(/^\x1e/, "").trim()) show("", line.replace(/^\x1e/, "")); };
  const decoder = new TextDecoder();
  let rest = "";
  const feed = (text, isEnd) => {
    // A carriage return at the end may be the first half of CR LF.
    const lines = (rest + text).split(isEnd ? /\r\n|\n|\r/ : /\r\n|\n|\r(?!$)/);
    rest = isEnd ? "" : lines.pop();
    lines.forEach(take);
    if (rest.length > mostShown) { take(rest); rest = ""; }
    size.textContent = `${plural(count, isEvents ? "event" : "line")}, ${bytesText(bytes)}`;
  };
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    feed(decoder.decode(value, { stream: true }), false);
  }
  feed(decoder.decode(), true);
  content.append(h("p.note", {}, "End of the stream."));
  announce(`Stream ended after ${plural(count, "event")}`);
}

// HTML Standard, "Interpreting an event stream": fields per line, an empty line dispatches.
function eventLines(show) {
  let data = [];
  let name = "";
  let size = 0;
  const dispatch = () => {
    if (data.length) show(name || "message", data.join("\n"));
    data = [];
    name = "";
    size = 0;
  };
  return (line) => {
    if (line === "") { dispatch(); return; }
    const colon = line.indexOf(":");
    const key = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (key === "data") {
      data.push(value);
      size += value.length;
      // An event without an end would take all memory.
      if (size > mostShown) dispatch();
    }
    else if (key === "event") name = value;
  };
}
