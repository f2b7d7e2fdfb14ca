// JSON with indentation and colours, by its tokens: numbers and escapes stay exactly as they were sent, which
// parsing and writing again would not guarantee.

const jsonToken = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;
const colouredTokens = 20000;

// `text` must be valid JSON.
function jsonView(text) {
  const out = document.createDocumentFragment();
  const tokens = text.match(jsonToken) ?? [];
  let depth = 0;
  let plain = "";
  const flush = () => { if (plain) out.append(plain); plain = ""; };
  // Indentation stops growing at some depth, or [[[[… would grow quadratically.
  const line = () => { plain += `\n${"  ".repeat(Math.min(depth, 60))}`; };
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    if (token === "{" || token === "[") {
      plain += token;
      depth += 1;
      if (next !== "}" && next !== "]") line();
    } else if (token === "}" || token === "]") {
      depth -= 1;
      if (!["{", "["].includes(tokens[index - 1])) line();
      plain += token;
    } else if (token === ",") { plain += ","; line(); }
    else if (token === ":") plain += ": ";
    else if (index > colouredTokens) plain += token;
    else {
      flush();
      out.append(h(token[0] === '"' ? (next === ":" ? "span.j-key" : "span.j-text") : "span.j-value", {}, token));
    }
  });
  flush();
  return out;
}

// Any text, coloured if it is JSON.
function codeBlock(text, mediaType, label) {
  let content = text;
  if (isJSONType(mediaType)) {
    try { JSON.parse(text); content = jsonView(text); } catch { /* shown as it is */ }
  }
  return h("pre.code", { tabindex: 0, role: "region", "aria-label": label }, h("code", {}, content));
}
