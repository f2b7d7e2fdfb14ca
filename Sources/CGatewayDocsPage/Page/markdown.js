// A subset of CommonMark into elements: headings, paragraphs, lists, quotes, code, tables, rules, emphasis, links.
// HTML stays visible text, images become links to them. Every scan is linear or has a fixed bound, since a
// description may be megabytes of brackets.

const inlineMarks = { "**": "strong", "__": "strong", "~~": "del", "*": "em", "_": "em" };

function inline(text, depth = 0) {
  const out = [];
  let plain = "";
  const push = (element) => { if (plain) out.push(plain); plain = ""; out.push(element); };
  const missing = new Set();
  const find = (mark, from) => {
    if (missing.has(mark)) return -1;
    const at = text.indexOf(mark, from);
    if (at < 0) missing.add(mark);
    return at;
  };
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === "\\" && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "")) { plain += text[at + 1]; at += 2; continue; }
    if (character === "`") {
      const fence = /^`{1,8}/.exec(text.slice(at, at + 8))[0];
      const end = find(fence, at + fence.length);
      if (end > 0) {
        push(code(text.slice(at + fence.length, end).trim()));
        at = end + fence.length;
        continue;
      }
    }
    if ((character === "[" || (character === "!" && text[at + 1] === "[")) && depth < 4) {
      const found = /^!?\[([^\]]{0,500})\]\(\s*<?([^\s)>]{1,2000})>?(?:\s+"[^"]{0,200}")?\s*\)/.exec(text.slice(at, at + 2800));
      if (found) { push(link(found[2], inline(found[1] || found[2], 9))); at += found[0].length; continue; }
    }
    if ((character === "h" || character === "<") && depth < 9) {
      const found = /^<?(https?:\/\/[^\s<>"`]{1,2000})>?/.exec(text.slice(at, at + 2100));
      if (found) {
        const address = character === "<" ? found[1] : found[1].replace(/[.,;:!?)\]]{1,20}$/, "");
        push(link(address, address));
        at += character === "<" ? found[0].length : address.length;
        continue;
      }
    }
    const mark = inlineMarks[text.slice(at, at + 2)] ? text.slice(at, at + 2) : inlineMarks[character] ? character : "";
    if (mark && depth < 8 && /\S/.test(text[at + mark.length] ?? "")) {
      // An underscore inside a word is a letter of it, as in operation_id.
      const isInWord = mark[0] === "_" && /\w/.test(text[at - 1] ?? "");
      const end = isInWord ? -1 : find(mark, at + mark.length + 1);
      if (end > 0 && /\S/.test(text[end - 1])) {
        push(h(inlineMarks[mark], {}, inline(text.slice(at + mark.length, end), depth + 1)));
        at = end + mark.length;
        continue;
      }
    }
    plain += mark || character;
    at += (mark || character).length;
  }
  if (plain) out.push(plain);
  return out;
}

const listItem = /^( {0,12})([-*+]|\d{1,9}[.)])\s+(.*)$/;
const startsBlock = (line) => /^\s*$|^#{1,6}\s|^ {0,3}(```|~~~|>)|^ {0,3}([-*_] *){3,20}$/.test(line) || listItem.test(line);
const tableCells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

function blocks(lines, level, depth) {
  const out = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const fence = /^ {0,3}(```|~~~)/.exec(line)?.[1];
    const heading = /^(#{1,6})\s+(.*?)[\s#]*$/.exec(line.slice(0, 1000));
    if (fence) {
      const end = lines.findIndex((other, index) => index > at && other.trim().startsWith(fence));
      out.push(h("pre", { tabindex: 0 }, code(lines.slice(at + 1, end < 0 ? undefined : end).join("\n"))));
      at = end < 0 ? lines.length : end + 1;
    } else if (heading) {
      out.push(h(`h${Math.min(6, level + heading[1].length - 1)}`, {}, inline(heading[2])));
      at += 1;
    } else if (/^ {0,3}([-*_] *){3,20}$/.test(line)) {
      out.push(h("hr"));
      at += 1;
    } else if (/^ {0,3}>/.test(line) && depth < 4) {
      const start = at;
      while (at < lines.length && /^ {0,3}>/.test(lines[at])) at += 1;
      const inner = lines.slice(start, at).map((other) => other.replace(/^ {0,3}> ?/, ""));
      out.push(h("blockquote", {}, blocks(inner, level, depth + 1)));
    } else if (listItem.test(line) && depth < 6) {
      const [, indent, mark] = listItem.exec(line);
      const items = [];
      while (at < lines.length) {
        const found = listItem.exec(lines[at]);
        if (found && found[1].length <= indent.length) items.push([found[3]]);
        else if (/^\s/.test(lines[at]) && lines[at].trim()) items.at(-1).push(lines[at].replace(/^ {1,4}/, ""));
        else if (lines[at].trim() || !/^\s+\S|^ {0,12}([-*+]|\d{1,9}[.)])\s/.test(lines[at + 1] ?? "")) break;
        at += 1;
      }
      out.push(h(/\d/.test(mark) ? "ol" : "ul", {}, items.map((item) =>
        h("li", {}, item.length === 1 ? inline(item[0]) : blocks(item, level, depth + 1)))));
    } else if (line.includes("|") && /^[\s|:-]*-[\s|:-]*$/.test(lines[at + 1] ?? "") && lines[at + 1].includes("|")) {
      const head = tableCells(line);
      at += 2;
      const rows = [];
      while (at < lines.length && lines[at].includes("|")) rows.push(tableCells(lines[at++]));
      out.push(h("div.scroll", { tabindex: 0 }, h("table", {},
        h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, inline(cell))))),
        h("tbody", {}, rows.map((row) => h("tr", {}, head.map((_, index) => h("td", {}, inline(row[index] ?? "")))))))));
    } else if (line.trim()) {
      const start = at++;
      while (at < lines.length && !startsBlock(lines[at])) at += 1;
      out.push(h("p", {}, inline(lines.slice(start, at).map((other) => other.trim()).join(" "))));
    } else {
      at += 1;
    }
  }
  return out;
}

// The heading level says where the text stands in the page's outline.
function markdown(text, level = 3) {
  if (!string(text).trim()) return undefined;
  return h("div.prose", {}, blocks(text.replace(/\r\n?/g, "\n").split("\n"), level, 0));
}
