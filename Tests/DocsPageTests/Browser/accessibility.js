// What can be checked of WCAG 2.2 by looking at the DOM: names, roles, ids, order of headings, contrast. Returns findings.
(() => {
  const findings = [];
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
  const where = (element) => `${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""}.${element.className} “${(element.textContent || "").trim().slice(0, 40)}”`;
  const name = (element) => element.getAttribute("aria-label")?.trim()
    || (element.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim()
    || [...(element.labels ?? [])].map((label) => label.textContent).join(" ").trim()
    || (element.matches("input, select, textarea") ? "" : element.textContent.trim()) || element.getAttribute("alt");
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isShown);

  for (const element of all("a[href], button, input, select, textarea, [role=tab], [role=region], img, dialog")) {
    if (!name(element)) findings.push(`no name: ${where(element)}`);
  }
  for (const attribute of ["aria-controls", "aria-describedby", "aria-labelledby", "aria-activedescendant", "for"]) {
    for (const element of all(`[${attribute}]`)) {
      for (const id of element.getAttribute(attribute).split(" ")) {
        if (!document.getElementById(id)) findings.push(`${attribute}=${id} points nowhere: ${where(element)}`);
      }
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) findings.push(`id twice: ${id}`);
  if (all("h1").length !== 1) findings.push(`${all("h1").length} first headings`);
  if (!document.documentElement.lang) findings.push("no language");
  for (const role of ["main", "nav", "header"]) if (all(role).length > 1) findings.push(`more than one ${role}`);
  let level = 1;
  for (const element of all("main :is(h1, h2, h3, h4, h5, h6)")) {
    const next = Number(element.tagName[1]);
    if (next > level + 1 && !element.closest(".prose")) findings.push(`heading jumps from ${level} to ${next}: ${where(element)}`);
    level = next;
  }
  for (const element of all("[tabindex]")) if (element.tabIndex > 0) findings.push(`positive tabindex: ${where(element)}`);
  for (const element of all("button[aria-expanded]")) if (!element.hasAttribute("aria-controls")) findings.push(`expands nothing: ${where(element)}`);
  // Scrolling regions must be reachable by keyboard.
  for (const element of all("pre, .scroll")) {
    const scrolls = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
    if (scrolls && element.tabIndex < 0) findings.push(`scrolls without keyboard: ${where(element)}`);
  }

  // A canvas turns every notation of colours into bytes.
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const parse = (colour) => {
    if (!known.has(colour)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = colour;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
      known.set(colour, [red, green, blue, alpha / 255]);
    }
    return known.get(colour);
  };
  const over = (top, below) => [0, 1, 2].map((index) => top[index] * top[3] + below[index] * (1 - top[3])).concat(1);
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((byte) => {
      const value = byte / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  let checked = 0;
  let least = 21;
  for (const element of all("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const isField = element.matches("input, select, textarea");
    if ((!hasText && !isField) || element.closest(".unseen, .skip, noscript, script, style, option")) continue;
    const below = ground(element);
    const found = contrast(over(parse(getComputedStyle(element).color), below), below);
    checked += 1;
    least = Math.min(least, found);
    if (found < 4.5) findings.push(`contrast ${found.toFixed(2)}: ${where(element)}`);
    if (isField) {
      const edge = contrast(parse(getComputedStyle(element).borderTopColor), ground(element.parentElement));
      if (edge < 3) findings.push(`contrast of edge ${edge.toFixed(2)}: ${where(element)}`);
    }
  }
  if (checked < 20) findings.push(`only ${checked} texts were checked`);
  return { findings: [...new Set(findings)].slice(0, 30), checked, least };
})()
