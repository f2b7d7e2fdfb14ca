// Elements are made one by one; text goes into text nodes. Nothing on this page parses markup, and the policy in its
// header (trusted types, no inline handlers) would refuse it.

let lastID = 0;
const newID = (prefix) => `${prefix}-${++lastID}`;

// h("p.note", { id }, "text", element, [more]): names of elements, classes and attributes are always constants of
// this page; only values come from outside.
function h(name, attributes, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(key, value);
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

// Addresses from outside: anything but these three schemes (javascript:, data:, …) is not a link.
function safeAddress(address, base = location.href) {
  try {
    const url = new URL(address, base);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

function link(address, ...children) {
  const href = safeAddress(address);
  if (!href) return h("span", {}, ...children);
  const isHere = href.split("#")[0] === location.href.split("#")[0];
  return h("a", isHere ? { href } : { href, rel: "noopener noreferrer", target: "_blank" }, ...children);
}

const code = (text, className = "") => h(`code${className && "." + className}`, {}, text);

// Read out by screen readers; the text changes even if the same thing happens twice.
function announce(text) {
  const live = document.getElementById("live");
  live.textContent = live.textContent === text ? `${text}\u00a0` : text;
}

// Without TLS the clipboard interface is missing, but copying a selection is allowed.
function copySelected(text) {
  const holder = h("textarea.unseen", { value: text, "aria-hidden": "true" });
  document.body.append(holder);
  holder.select();
  const isDone = document.execCommand("copy");
  holder.remove();
  return isDone;
}

function copyButton(text, what) {
  const button = h("button.quiet.small", { type: "button", "aria-label": `Copy ${what}`, click: async () => {
    let done = "Copied";
    try { await navigator.clipboard.writeText(text()); } catch { done = copySelected(text()) ? done : "Not allowed"; }
    button.textContent = done;
    announce(done === "Copied" ? `Copied ${what}` : "The browser does not allow copying here");
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  } }, "Copy");
  return button;
}

// A button and the region it opens; the region is filled when it is first opened, which also ends recursion.
function disclosure(label, fill, isOpen = false) {
  const id = newID("part");
  const region = h("div.part", { id, hidden: true });
  let isFilled = false;
  const set = (open) => {
    if (open && !isFilled) { region.append(...[fill()].flat()); isFilled = true; }
    region.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  const button = h("button.toggle", { type: "button", "aria-controls": id, click: () => set(region.hidden) }, label);
  set(isOpen);
  return { button, region, set };
}

// Tabs as the ARIA practices describe them: one stop for Tab, arrows between them.
function tabs(label, items) {
  if (items.length === 1) return h("div", {}, items[0].fill());
  const panel = h("div", { role: "tabpanel", id: newID("panel") });
  const buttons = items.map((item, index) => h("button.tab", {
    type: "button", role: "tab", id: newID("tab"), "aria-controls": panel.id,
    click: () => select(index),
    keydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      select((index + step + items.length) % items.length);
      buttons[(index + step + items.length) % items.length].focus();
    },
  }, item.label));
  const select = (chosen) => {
    buttons.forEach((button, index) => {
      button.setAttribute("aria-selected", String(index === chosen));
      button.tabIndex = index === chosen ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", buttons[chosen].id);
    panel.replaceChildren(items[chosen].fill());
  };
  select(0);
  return h("div", {}, h("div.tabs", { role: "tablist", "aria-label": label }, buttons), panel);
}
