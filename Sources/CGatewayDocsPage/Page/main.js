// Start, addresses and history, light and dark.

const place = (id) => document.getElementById(id);
const openPages = new Map();   // the last few operations with what was typed into them
const scrolled = new Map();    // where each address was left, for the way back
let openAnchor = "";
let openPanel;
let isForward = false;
let nav;

function refreshAuthorization() {
  for (const page of openPages.values()) page.panel?.refreshAuthorization();
  const count = Object.values(credentialStore.read()).filter((value) => string(own(value, "value")) || string(own(value, "user"))).length;
  place("authorize").textContent = count ? `Authorized (${count})` : "Authorize";
}

function pageFor(anchor) {
  const operation = api.byAnchor.get(anchor);
  if (operation) {
    const page = openPages.get(anchor) ?? operationPage(operation);
    openPages.delete(anchor);
    openPages.set(anchor, page);
    if (openPages.size > 8) {
      const [oldest, { element }] = openPages.entries().next().value;
      openPages.delete(oldest);
      releaseURLs(element);
    }
    return { title: operation.summary, element: page.element, panel: page.panel };
  }
  const name = anchor.startsWith("schema/") ? anchor.slice(7) : "";
  if (Object.hasOwn(schemas(), name)) return { title: name, element: schemaPage(name) };
  const isUnknown = anchor !== "";
  const content = overviewPage();
  return { title: "", element: h("article.text", {}, isUnknown && h("p.warning", {}, `There is no operation or schema “${anchor}” here.`), content) };
}

function route(isFirst) {
  let anchor = location.hash.slice(1);
  try { anchor = decodeURIComponent(anchor); } catch { /* a stray percent sign is taken literally */ }
  openPanel?.leave();
  scrolled.set(openAnchor, window.scrollY);
  openAnchor = anchor;
  const page = pageFor(anchor);
  openPanel = page.panel;
  const main = place("main");
  main.replaceChildren(page.element);
  const title = string(object(api.document.info).title) || "API";
  document.title = page.title ? `${page.title} · ${title}` : title;
  nav.show(anchor);
  setMenu(false);
  if (isFirst) return;
  window.scrollTo(0, isForward ? 0 : scrolled.get(anchor) ?? 0);
  isForward = false;
  main.querySelector("h1")?.focus({ preventScroll: true });
}

function setMenu(isOpen) {
  document.body.classList.toggle("menu-open", isOpen);
  place("menu").setAttribute("aria-expanded", String(isOpen));
}

function setUpTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const name = () => place("theme").setAttribute("aria-label", isDark() ? "Switch to light" : "Switch to dark");
  try {
    const kept = localStorage.getItem("docs theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch { /* storage may be switched off */ }
  place("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("docs theme", root.dataset.theme); } catch { /* the choice lasts until reload */ }
    name();
  });
  dark.addEventListener("change", name);
  name();
}

async function start() {
  setUpTheme();
  place("menu").addEventListener("click", () => setMenu(!document.body.classList.contains("menu-open")));
  place("skip").addEventListener("click", (event) => { event.preventDefault(); place("main").focus(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.classList.contains("menu-open")) { setMenu(false); place("menu").focus(); }
  });
  const address = new URL(document.querySelector("meta[name=openapi-document]").content, location.href).href;
  try {
    const response = await fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    readDocument(parseJSON(await response.text()), address);
  } catch (error) {
    place("main").replaceChildren(h("h1", {}, "The API description cannot be read"), h("p.error", { role: "alert" }, `${address}: ${error.message}`),
      h("button", { type: "button", click: () => location.reload() }, "Try again"));
    return;
  }
  const info = object(api.document.info);
  place("brand").replaceChildren(string(info.title) || "API");
  place("search").append(...searchField());
  nav = navigation();
  place("nav").append(nav.element);
  place("authorize").hidden = !securitySchemes().length;
  place("authorize").addEventListener("click", () => openAuthorization(refreshAuthorization));
  history.scrollRestoration = "manual";
  document.addEventListener("click", (event) => { if (event.target.closest("a[href^='#']")) isForward = true; });
  window.addEventListener("hashchange", () => route(false));
  route(true);
  refreshAuthorization();
  announce(`${string(info.title)}, ${plural(api.operations.length, "operation")}`);
}

start();
