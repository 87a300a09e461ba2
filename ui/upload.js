// A drop area that sends films to the server in chunks. Files are read piece by piece and survive a broken connection:
// the server knows how far it got. This module is loaded once a browser tab, so uploads go on while another page is shown.

const CHUNK = 8 * 1024 * 1024;
const WAITS_S = [1, 2, 4, 8, 15, 30];
const RESEND_MS = 4000;
const STORED = "moodgate-upload:";
const UNREADABLE = "this file can’t be read; was it moved, or is it a folder?";

const areas = new Map(); // by the area's name: {items, view}
let running = null;

const areaOf = (name) => {
  if (!areas.has(name)) areas.set(name, { items: [], view: null, folder: false });
  return areas.get(name);
};
const everything = () => [...areas.values()].flatMap((area) => area.items);
const isUnsent = (item) => ["waiting", "sending", "broken", "paused"].includes(item.state);

// ---- talking to the server -----------------------------------------------------------------------------------------

class Refused extends Error {}

async function sentenceOf(response) {
  try {
    const told = JSON.parse(await response.text());
    return told.error || told.detail || `the server answered ${response.status}`;
  } catch {
    return `the server answered ${response.status}`;
  }
}

async function ask(path, options) {
  const response = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
  if (response.ok) return response;
  if (response.status === 404 || response.status === 409) return response;
  if (response.status >= 500 && response.status !== 507) throw new Error("the server is not well");
  throw new Refused(await sentenceOf(response));
}

async function offsetOf(item) {
  const response = await ask(`${item.url}/${item.id}`, { method: "GET" });
  if (response.status === 404) return null;
  return (await response.json()).offset;
}

async function begin(item) {
  item.id = item.id || remembered(item);
  const offset = item.id ? await offsetOf(item) : null;
  if (offset !== null && offset <= item.file.size) {
    item.offset = item.shown = offset;
    return;
  }
  const body = JSON.stringify({ name: item.file.name, size: item.file.size });
  const headers = { "Content-Type": "application/json" };
  const response = await ask(item.url, { method: "POST", headers, body });
  if (!response.ok) throw new Refused(await sentenceOf(response));
  const told = await response.json();
  item.id = told.id;
  item.offset = item.shown = told.offset || 0;
  remember(item);
}

// XMLHttpRequest, because fetch doesn't tell how much of a body was sent.
function sendChunk(item) {
  const start = item.offset;
  const piece = item.file.slice(start, start + CHUNK);
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("PATCH", `${item.url}/${item.id}`);
    request.setRequestHeader("Upload-Offset", String(start));
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.upload.onprogress = (event) => told(item, start + event.loaded);
    request.onerror = request.ontimeout = () => failed(new Error("the connection broke"));
    request.onabort = () => failed(new Error("paused"));
    request.onload = () => {
      if (request.status < 300) return done(start + piece.size);
      if (request.status === 409 || request.status === 404 || (request.status >= 500 && request.status !== 507))
        return failed(new Error("the server is not well"));
      sentenceOf(new Response(request.responseText, { status: request.status })).then((why) => failed(new Refused(why)));
    };
    request.timeout = 120000;
    request.send(piece);
  });
}

// ---- the order of sending ------------------------------------------------------------------------------------------

function next() {
  if (running) return;
  const item = everything().find((one) => one.state === "waiting");
  if (!item) return;
  running = item;
  send(item).finally(() => {
    running = null;
    item.request = null;
    draw();
    next();
  });
}

async function send(item) {
  item.state = "sending";
  item.marks = [];
  draw();
  try {
    await begin(item);
    if (item.state === "dropped") discard(item);
    while (item.state === "sending" && item.offset < item.file.size) {
      item.offset = await sendChunk(item);
      item.tries = 0;
    }
    if (item.state === "sending") finish(item);
  } catch (error) {
    if (item.state === "sending") fail(item, (await isReadable(item.file)) ? error : new Refused(UNREADABLE));
  }
}

async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function finish(item) {
  item.state = "done";
  item.shown = item.file.size;
  forget(item);
  report();
}

function fail(item, error) {
  if (error instanceof Refused) {
    item.state = "refused";
    item.why = error.message;
    forget(item);
    return;
  }
  item.state = "broken";
  const wait = WAITS_S[Math.min(item.tries, WAITS_S.length - 1)];
  item.tries += 1;
  item.again = Date.now() + wait * 1000;
  item.timer = setTimeout(() => resume(item), wait * 1000);
}

function resume(item) {
  clearTimeout(item.timer);
  if (item.state !== "paused" && item.state !== "broken") return;
  item.state = "waiting";
  draw();
  next();
}

function pause(item) {
  clearTimeout(item.timer);
  item.state = "paused";
  if (item.request) item.request.abort();
  draw();
}

function drop(area, item) {
  clearTimeout(item.timer);
  const sent = isUnsent(item) && item.id;
  item.state = "dropped";
  if (item.request) item.request.abort();
  forget(item);
  area.items = area.items.filter((one) => one !== item);
  if (sent) discard(item);
  draw();
}

// The server refuses while it still takes in the last piece. What can't be taken back stays listed as an unfinished upload.
async function discard(item, tries = 3) {
  const response = await fetch(`${item.url}/${item.id}`, { method: "DELETE" }).catch(() => null);
  if (tries && (!response || response.status === 409)) setTimeout(() => discard(item, tries - 1), 1000);
}

window.addEventListener("online", () => everything().filter((one) => one.state === "broken").forEach(resume));
window.addEventListener("beforeunload", (event) => {
  if (everything().some((one) => one.state === "sending" || one.state === "waiting")) event.preventDefault();
});

// ---- what is remembered over a reload ------------------------------------------------------------------------------

const keyOf = (file) => `${STORED}${file.name}|${file.size}|${file.lastModified}`;

function remembered(item) {
  try {
    return localStorage.getItem(keyOf(item.file));
  } catch {
    return null; // storage may be switched off; then a reload begins anew
  }
}

function remember(item) {
  try {
    localStorage.setItem(keyOf(item.file), item.id);
  } catch {
    /* as above */
  }
}

function forget(item) {
  try {
    localStorage.removeItem(keyOf(item.file));
  } catch {
    /* as above */
  }
}

// ---- telling Python ------------------------------------------------------------------------------------------------

// Told until it says that it has heard: a message sent while the page reloads can be lost.
function report() {
  let open = false;
  for (const area of areas.values()) {
    const done = area.items.filter((one) => one.state === "done");
    if (!done.length || !area.view) continue;
    open = true;
    area.view.tell(done.map((one) => ({ ticket: one.ticket, id: one.id, name: one.file.name })));
  }
  clearTimeout(report.timer);
  if (open) report.timer = setTimeout(report, RESEND_MS);
}

function heard(area, tickets) {
  area.items = area.items.filter((one) => !(one.state === "done" && tickets.includes(one.ticket)));
}

// ---- what is seen --------------------------------------------------------------------------------------------------

function size(bytes) {
  if (bytes < 1e6) return `${bytes ? Math.max(1, Math.round(bytes / 1e3)) : 0} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function told(item, sent) {
  const now = Date.now();
  item.shown = sent;
  item.marks.push([now, sent]);
  item.marks = item.marks.filter(([at]) => now - at < 5000);
  drawSoon();
}

function speed(item) {
  const [first, last] = [item.marks?.[0], item.marks?.at(-1)];
  return first && last[0] - first[0] > 400 ? (last[1] - first[1]) / ((last[0] - first[0]) / 1000) : null;
}

function words(item) {
  const whole = size(item.file.size);
  const part = `${size(shownOf(item))} of ${whole}`;
  if (item.state === "refused") return item.why;
  if (item.state === "done") return `${whole} sent; being looked at`;
  if (item.state === "waiting") return `${whole}, waits for its turn`;
  if (item.state === "paused") return `Paused at ${part}`;
  if (item.state === "broken") {
    const wait = Math.max(0, Math.ceil((item.again - Date.now()) / 1000));
    return `The connection broke at ${part}; tries again in ${wait} s`;
  }
  const rate = speed(item);
  return rate ? `${part}, ${size(rate)}/s, ${duration((item.file.size - shownOf(item)) / rate)} left` : part;
}

const shownOf = (item) => Math.max(item.offset || 0, item.shown || 0);

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function button(text, label, act) {
  const made = make("button", "small", text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.onclick = act;
  return made;
}

function rowOf(area, item) {
  const row = make("li", "film");
  const head = make("div", "head");
  head.append(make("span", "name", item.file.name), make("span", "buttons"));
  const bar = make("progress");
  bar.max = 1;
  bar.setAttribute("aria-label", `Upload of ${item.file.name}`);
  row.append(head, bar, make("div", "words"));
  row.item = item;
  fill(area, item, row);
  return row;
}

// Buttons are made anew only when the state changes, so that the keyboard's focus stays where it is.
function fill(area, item, row) {
  row.querySelector(".words").textContent = words(item);
  row.classList.toggle("refused", item.state === "refused");
  const bar = row.querySelector("progress");
  bar.hidden = item.state === "refused";
  bar.value = item.file.size ? shownOf(item) / item.file.size : 0;
  if (row.state === item.state) return;
  const focused = row.contains(row.getRootNode().activeElement);
  const name = item.file.name;
  const buttons = [];
  if (item.state === "sending" || item.state === "waiting") buttons.push(button("Pause", `Pause ${name}`, () => pause(item)));
  if (item.state === "paused" || item.state === "broken") buttons.push(button("Resume", `Resume ${name}`, () => resume(item)));
  if (item.state !== "done") buttons.push(button("✕", `Remove ${name}`, () => drop(area, item)));
  row.querySelector(".buttons").replaceChildren(...buttons);
  row.state = item.state;
  if (focused && buttons.length) buttons[0].focus();
}

function drawArea(area) {
  const root = area.view?.root;
  if (!root) return;
  const list = root.querySelector(".films");
  const rows = new Map([...list.children].map((row) => [row.item, row]));
  const wanted = area.items.map((item) => {
    const row = rows.get(item) || rowOf(area, item);
    fill(area, item, row);
    return row;
  });
  if (wanted.length !== list.children.length || wanted.some((row, place) => row !== list.children[place]))
    list.replaceChildren(...wanted);
  const loud = area.items.filter((one) => ["refused", "broken"].includes(one.state));
  const said = loud.map((one) => `${one.file.name}: ${one.state === "broken" ? "the connection broke" : one.why}`).join(". ");
  const status = root.querySelector(".status");
  if (status.textContent !== said) status.textContent = said;
}

const draw = () => areas.forEach(drawArea);

function drawSoon() {
  if (drawSoon.due) return;
  drawSoon.due = setTimeout(() => {
    drawSoon.due = null;
    draw();
  }, 150);
}

setInterval(() => {
  if (everything().some((one) => one.state === "broken")) draw();
}, 1000);

// ---- taking files --------------------------------------------------------------------------------------------------

function take(area, url, files) {
  for (const file of files) {
    if (area.items.some((one) => keyOf(one.file) === keyOf(file) && one.state !== "refused")) continue;
    area.items = area.items.filter((one) => keyOf(one.file) !== keyOf(file));
    const item = { file, url, id: null, offset: 0, tries: 0, state: "waiting", ticket: crypto.randomUUID?.() || `${Math.random()}` };
    if (!file.size) Object.assign(item, { state: "refused", why: "this file is empty; if it is a folder, drop the films in it" });
    area.items.push(item);
  }
  draw();
  next();
}

function listen(root, area, url) {
  const box = root.querySelector(".box");
  const input = root.querySelector("input");
  root.querySelector(".choose").onclick = () => input.click();
  input.onchange = () => {
    take(area, url, [...input.files]);
    input.value = "";
  };
  let depth = 0;
  box.ondragenter = (event) => {
    event.preventDefault();
    depth += 1;
    box.classList.add("over");
  };
  box.ondragover = (event) => event.preventDefault();
  box.ondragleave = () => {
    depth -= 1;
    if (depth <= 0) box.classList.remove("over");
  };
  box.ondrop = (event) => {
    event.preventDefault();
    depth = 0;
    box.classList.remove("over");
    take(area, url, [...event.dataTransfer.files]);
  };
}

export default function (component) {
  const { data, parentElement: root, setTriggerValue } = component;
  const area = areaOf(data.area);
  const first = area.view?.root !== root;
  area.view = { root, tell: (films) => setTriggerValue("arrived", films) };
  heard(area, data.taken || []);
  root.querySelector(".title").textContent = data.title;
  root.querySelector("input").accept = data.accept;
  root.querySelector(".choose").setAttribute("aria-label", `Choose films: ${data.title}`);
  if (first) listen(root, area, data.url);
  drawArea(area);
  report();
  return () => {
    if (area.view?.root === root) area.view = null;
  };
}
