// The workshop's page: asks twice a second whether anything changed, and then shows the mail anew.
"use strict";
const $ = (id) => document.getElementById(id);
const FIELDS = ["kind", "day", "topic", "reader", "locale"];
const WIDTHS = [320, 600, 800];
const SCHEMES = ["light", "dark"];
const form = $("choose");
let stamp = null, panel = "mail", serial = 0;

const element = (tag, text, attributes = {}) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const kilo = (octets) => (octets / 1000).toLocaleString("en", { maximumFractionDigits: 1 }) + " kB";
const query = (more = {}) => {
  const asked = new URLSearchParams();
  for (const name of FIELDS) if (form.elements[name].value) asked.set(name, form.elements[name].value);
  for (const [name, value] of Object.entries(more)) if (value) asked.set(name, value);
  return "?" + asked;
};
const json = async (path) => (await fetch(path)).json();

function options(select, pairs) {
  const before = select.value;
  select.replaceChildren(...pairs.map(([value, text]) => element("option", text, { value })));
  select.value = pairs.some(([value]) => value === before) ? before : pairs[0][0];
}

async function fillChoices() {
  const found = await json("/choices");
  options(form.elements.kind, found.kinds.map((kind) => [kind === "digest" ? "" : kind, kind]));
  options(form.elements.topic, [["", "all"], ...found.topics.map((topic) => [topic.slug, topic.name])]);
  options(form.elements.locale, [["", "the reader's"], ...found.languages.map((one) => [one.code, `${one.name} (${one.code})`])]);
  $("days").replaceChildren(...found.days.map((day) => element("option", undefined, { value: day })));
  $("readers").replaceChildren(...found.readers.map((email) => element("option", undefined, { value: email })));
}

function fit(frame, width, scale) {
  const page = frame.contentDocument;
  frame.style.height = "1px"; // a page is never lower than its frame
  const height = page && page.documentElement ? Math.max(page.documentElement.scrollHeight, 200) : 900;
  frame.style.height = height + "px";
  frame.style.width = width + "px";
  frame.style.transform = scale === 1 ? "" : `scale(${scale})`;
  frame.closest("figure").querySelector("i").textContent = scale === 1 ? "" : `, shown at ${Math.round(100 * scale)} %`;
  frame.parentElement.style.width = Math.ceil(width * scale) + 2 + "px";
  frame.parentElement.style.height = Math.ceil(height * scale) + 2 + "px";
}

function scaleOf(widths) {
  const room = $("frames").clientWidth - 16 * (widths.length - 1) - 2 * widths.length - 2;
  return Math.min(1, Math.max(0.6, room / widths.reduce((sum, width) => sum + width, 0)));
}

// Frames that stay are loaded anew behind the scenes, so that the page does not jump while one types.
function showFrames() {
  const widths = $("width").value ? [Number($("width").value)] : WIDTHS;
  const schemes = $("scheme").value ? [$("scheme").value] : SCHEMES;
  const scale = scaleOf(widths), box = $("frames"), layout = widths + "/" + schemes;
  if (box.dataset.layout !== layout) {
    box.dataset.layout = layout;
    box.replaceChildren(...schemes.map((scheme) => {
      const row = element("div", undefined, { class: "row" });
      row.append(...widths.map((width) => {
        const figure = element("figure");
        const screen = element("div", undefined, { class: "screen " + scheme });
        const frame = element("iframe", undefined, { title: `${scheme}, ${width} pixels`, sandbox: "allow-same-origin", "data-scheme": scheme, "data-width": width, scrolling: "no" });
        frame.style.height = "900px";
        frame.addEventListener("load", () => fit(frame, width, scaleOf(widths)));
        screen.append(frame);
        const caption = element("figcaption", `${scheme}, ${width} pixels`);
        caption.append(element("i"));
        figure.append(caption, screen);
        return figure;
      }));
      return row;
    }));
  }
  for (const frame of box.querySelectorAll("iframe")) {
    const images = $("images").checked ? "off" : "";
    const target = "/mail" + query({ scheme: frame.dataset.scheme, images, v: stamp });
    if (frame.getAttribute("src") !== target) frame.setAttribute("src", target);
    else fit(frame, Number(frame.dataset.width), scale);
  }
}

function showSize(facts) {
  const { size, clip } = facts, total = size.html || 1, box = $("size");
  const bar = element("div", undefined, { class: "bar" });
  size.shares.forEach(([, octets], n) => {
    const part = element("i", undefined, { class: "s" + n });
    part.style.width = (100 * octets) / Math.max(clip, total) + "%";
    bar.append(part);
  });
  const table = element("table"), row = (name, octets, share, n) => {
    const line = element("tr"), first = element("td");
    if (n !== undefined) first.append(element("span", undefined, { class: "key s" + n }));
    first.append(name);
    line.append(first, element("td", octets.toLocaleString("en"), { class: "number" }), element("td", share, { class: "number" }));
    table.append(line);
  };
  size.shares.forEach(([name, octets], n) => row(name, octets, Math.round((100 * octets) / total) + " %", n));
  row("HTML part", size.html, Math.round((100 * size.html) / clip) + " % of the limit");
  row("headers", size.headers, "");
  row("whole mail", size.mail, "");
  box.replaceChildren(element("h2", `${kilo(size.html)} of ${kilo(clip)}: Gmail clips what is beyond, and the link to leave with it`), bar, table);
  $("size-badge").textContent = `${kilo(size.html)}, ${Math.round((100 * size.html) / clip)} %`;
  $("size-badge").className = "badge" + (size.html > 90000 ? " bad" : "");
}

function showLint(findings) {
  $("lint-badge").textContent = findings.length;
  $("lint-badge").className = "badge" + (findings.length ? " bad" : "");
  $("lint").replaceChildren(...(findings.length ? findings.map((one) => {
    const line = element("p", undefined, { class: "finding" });
    line.append(element("b", one.where), ` ${one.what}. ${one.cure}`);
    return line;
  }) : [element("p", "Nothing found: no leftovers, no remote loads, a way out in both parts, within the limit.", { class: "fine" })]));
}

function showLinks(links) {
  $("links-badge").textContent = links.length;
  document.querySelector("#links tbody").replaceChildren(...links.map((one) => {
    const line = element("tr"), cell = element("td");
    cell.append(/^https?:/.test(one.url) ? element("a", one.url, { href: one.url, target: "_blank", rel: "noreferrer noopener" }) : one.url);
    line.append(element("td", one.label, { dir: "auto" }), cell, element("td", one.times));
    return line;
  }));
}

function showError(error) {
  const box = $("error");
  box.hidden = !error;
  if (!error) return;
  box.querySelector("h2").textContent = error.what;
  box.querySelector("p").textContent = [error.cure, error.file && `${error.file}, line ${error.line}`].filter(Boolean).join(" — ");
  const lines = box.querySelector("pre");
  lines.hidden = !error.lines.length;
  lines.replaceChildren(...error.lines.map(([number, text]) =>
    element("span", `${String(number).padStart(4)}  ${text}`, { class: number === error.line ? "line here" : "line" })));
}

async function showSpam() {
  $("spam").replaceChildren(element("p", "Asking SpamAssassin…"));
  const found = await json("/spam" + query());
  if (found.said) return $("spam").replaceChildren(element("p", found.said));
  const table = element("table");
  for (const [points, name, what] of found.rules) {
    const line = element("tr");
    line.append(element("td", points.toFixed(1), { class: "number" }), element("td", name), element("td", what));
    table.append(line);
  }
  $("spam").replaceChildren(element("h2", `${found.score.toFixed(1)} points; spam begins at ${found.required.toFixed(1)}`), table);
}

async function showSource() {
  const answer = await fetch("/source" + query());
  const data = await answer.blob();
  $("source").textContent = await data.text();
  URL.revokeObjectURL($("download").href);
  $("download").href = URL.createObjectURL(data.slice(0, data.size, "message/rfc822"));
}

async function show() {
  const mine = ++serial;
  const slow = setTimeout(() => { // a day that is not printed is ranked first
    if (mine === serial) busy(form.elements.day.value ? `making ${form.elements.day.value}…` : "making today's…");
  }, 300);
  let facts;
  try {
    facts = await json("/facts" + query());
  } finally {
    clearTimeout(slow);
    if (mine === serial) busy("");
  }
  if (mine !== serial) return;
  stamp = facts.stamp;
  history.replaceState(null, "", "/" + query().replace(/^\?$/, ""));
  showError(facts.error);
  $("silence").hidden = !facts.silence;
  $("silence").textContent = facts.silence;
  const there = facts.size !== undefined;
  document.querySelector("[data-name=mail]").hidden = panel !== "mail" || !there;
  $("subject").textContent = there ? facts.subject : facts.error ? "This mail cannot be made" : "There is no mail";
  $("preheader").textContent = there ? facts.preheader : "";
  document.title = (facts.error ? "✗ " : "") + "Template workshop";
  for (const name of ["size", "lint", "links"]) if (!there) $(name + "-badge").textContent = "";
  if (!there) return;
  showFrames();
  $("text").textContent = facts.text;
  showSize(facts);
  showLint(facts.lint);
  showLinks(facts.size.links);
  if (panel === "source") showSource();
  if (panel === "spam") showSpam();
}

function busy(text) {
  document.body.classList.toggle("busy", Boolean(text));
  if (text) $("live").textContent = text;
  else if ($("live").className !== "lost") $("live").textContent = "live";
}

function choosePanel(name) {
  panel = name;
  for (const tab of document.querySelectorAll("[role=tab]")) tab.setAttribute("aria-selected", tab.dataset.panel === name);
  for (const section of document.querySelectorAll("[data-name]")) section.hidden = section.dataset.name !== name;
  document.querySelector(".views").hidden = name !== "mail";
  show();
}

async function watch() {
  let pause = 500;
  try {
    const now = await (await fetch("/stamp")).text();
    if (stamp !== null && now !== stamp) {
      await fillChoices();
      await show();
    }
    if (!document.body.classList.contains("busy")) $("live").textContent = "live";
    $("live").className = "";
  } catch {
    $("live").textContent = "the workshop has ended; start it again";
    $("live").className = "lost";
    pause = 2000;
  }
  if (document.hidden) document.addEventListener("visibilitychange", watch, { once: true }); // nobody looks: nothing is asked
  else setTimeout(watch, pause);
}

form.addEventListener("change", show);
form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
for (const id of ["width", "scheme", "images"]) $(id).addEventListener("change", showFrames);
for (const tab of document.querySelectorAll("[role=tab]")) tab.addEventListener("click", () => choosePanel(tab.dataset.panel));
addEventListener("resize", showFrames);
$("send").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("sent").textContent = "Sending…";
  const answer = await fetch("/send" + query(), { method: "POST", headers: { "X-Workshop": "send" }, body: event.target.elements.to.value });
  $("sent").textContent = answer.ok ? (await answer.json()).said : await answer.text();
});

(async () => {
  const asked = new URLSearchParams(location.search);
  await fillChoices();
  for (const name of FIELDS) if (asked.get(name)) form.elements[name].value = asked.get(name);
  await show();
  watch();
})();
