// Search over operations and schemas: every word must be found, whole or as letters in order, anywhere in the path,
// the summary, the id or the tags.

// How well `word` is found in `text` (both lower case): 0 not at all; whole words beat beginnings beat parts beat
// scattered letters.
function matchScore(word, text) {
  const at = text.indexOf(word);
  if (at >= 0) {
    const startsWord = at === 0 || !/[a-z0-9]/.test(text[at - 1]);
    return 60 + (startsWord ? 30 : 0) + (text.length === word.length ? 10 : 0);
  }
  let position = -1;
  let score = 30;
  for (const letter of word) {
    const next = text.indexOf(letter, position + 1);
    if (next < 0) return 0;
    if (position >= 0 && next > position + 1) score -= /[a-z0-9]/.test(text[next - 1]) ? 4 : 1;
    position = next;
  }
  return Math.max(0, score);
}

function searchIndex() {
  const split = (text) => text.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return [
    ...api.operations.map((operation) => ({
      operation, href: anchorOf(operation.anchor), title: operation.summary,
      texts: [[operation.path.toLowerCase(), 1.1], [operation.summary.toLowerCase(), 1.2], [operation.id.toLowerCase(), 1],
        [split(operation.id), 1], [operation.tags.join(" ").toLowerCase(), 0.7], [operation.method, 0.8]],
    })),
    ...Object.keys(schemas()).map((name) => ({ href: schemaAnchor(name), title: name, texts: [[name.toLowerCase(), 0.9], [split(name), 0.9]] })),
  ];
}

function searchFor(index, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8);
  if (!words.length) return [];
  const found = [];
  for (const entry of index) {
    let total = 0;
    const isFound = words.every((word) => {
      const best = Math.max(...entry.texts.map(([text, weight]) => matchScore(word, text) * weight));
      total += best;
      return best > 0;
    });
    if (isFound) found.push({ ...entry, score: total - (entry.operation?.isDeprecated ? 5 : 0) });
  }
  return found.sort((one, other) => other.score - one.score).slice(0, 12);
}

// A combobox with a list, as the ARIA practices describe it: the focus stays in the field.
function searchField() {
  const index = searchIndex();
  let found = [];
  let active = -1;
  const listbox = h("ul.results", { id: "results", role: "listbox", "aria-label": "Results", hidden: true });
  const input = h("input", {
    type: "search", role: "combobox", "aria-expanded": "false", "aria-controls": "results", "aria-autocomplete": "list",
    "aria-label": "Search operations and schemas", placeholder: "Search", autocomplete: "off", spellcheck: "false",
    "aria-keyshortcuts": "/ Control+K",
    input: () => show(), focus: () => { if (input.value) show(); },
    blur: () => setTimeout(close, 150),
    keydown: (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && found.length) { event.preventDefault(); mark((active + step + found.length) % found.length); }
      else if (event.key === "Enter" && found[active]) { event.preventDefault(); go(found[active]); }
      else if (event.key === "Escape") { if (listbox.hidden) input.blur(); close(); }
    },
  });
  const close = () => {
    listbox.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const go = (entry) => { input.value = ""; found = []; close(); input.blur(); isForward = true; location.hash = entry.href; };
  const mark = (next) => {
    listbox.children[active]?.setAttribute("aria-selected", "false");
    active = next;
    const option = listbox.children[active];
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  };
  const show = () => {
    found = searchFor(index, input.value);
    active = -1;
    const isOpen = input.value.trim() !== "";
    listbox.replaceChildren(...(found.length ? found.map((entry, position) => h("li", {
      role: "option", id: `result-${position}`, "aria-selected": "false", mousedown: (event) => event.preventDefault(),
      click: () => go(entry),
    }, entry.operation ? badge(entry.operation) : h("span.badge.schema-badge", {}, "schema"),
    h("span.result", {}, h("span", {}, entry.title), entry.operation && code(entry.operation.path))))
      : [h("li.none", { role: "option", "aria-disabled": "true" }, "Nothing found")]));
    listbox.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (found.length) mark(0);
    announce(isOpen ? plural(found.length, "result") : "");
  };
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select, dialog");
    const isShortcut = (event.key === "/" && !isTyping) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
    if (!isShortcut || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
  return [input, h("kbd", { "aria-hidden": "true" }, "/"), listbox];
}
