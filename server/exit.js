"use strict";
(() => {
  const THANKS_MS = 2000, RETRY_MS = 15000, BACK_MS = 20000, OLDEST_MS = 6.5 * 86400000, MOST = 5000;
  const told = JSON.parse(document.body.dataset.told), here = location.pathname;
  const shelf = "moodgate " + here;
  const by = (id) => document.getElementById(id);
  let language = told.order[0], busy = false, sending = false, back = 0, memory = [];

  // a browser that keeps nothing (private windows, a full disk) still has the page's own memory
  const read = () => {
    try { return JSON.parse(localStorage.getItem(shelf) || "[]"); } catch { return memory; }
  };
  const write = (queue) => {
    memory = queue;
    try { localStorage.setItem(shelf, JSON.stringify(queue)); } catch { /* the memory has it */ }
    by("waiting").hidden = queue.length === 0;
    by("waiting").textContent = queue.length ? queue.length + " · " + told.words[language].waiting : "";
  };
  const uuid = () => {
    const b = crypto.getRandomValues(new Uint8Array(16));  // randomUUID is missing without TLS
    b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
    const h = [...b].map((one) => one.toString(16).padStart(2, "0")).join("");
    return [h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20), h.slice(20)].join("-");
  };

  const say = (code) => {
    language = code;
    const words = told.words[code];
    document.documentElement.lang = code;
    document.title = words.question;
    by("question").textContent = words.question;
    by("note").textContent = words.note;
    document.querySelectorAll(".face span").forEach((span, n) => { span.textContent = words.faces[n]; });
    document.querySelectorAll("nav button").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.code === code)));
    clearTimeout(back);
    if (code !== told.order[0]) back = setTimeout(() => say(told.order[0]), BACK_MS);
    write(read());
  };
  const show = (thanks) => {
    busy = thanks;
    by("ask").hidden = thanks;
    by("languages").hidden = thanks || told.order.length < 2;
    by("thanks").hidden = !thanks;
    document.body.classList.toggle("thanked", thanks);
    by("said").textContent = thanks ? told.words[language].thanks : "";
  };
  const off = () => {
    write([]);
    by("ask").hidden = by("languages").hidden = by("thanks").hidden = true;
    by("said").textContent = told.words[language].gone;
    busy = true;
  };

  const answer = (value) => {
    if (busy) return;
    show(true);
    write([...read(), { id: uuid(), value, at: Date.now() }].slice(-MOST));
    send();
    setTimeout(() => { if (by("ask").hidden && !by("thanks").hidden) { show(false); say(told.order[0]); } }, THANKS_MS);
  };

  // the server learns how long ago it was, not at what time: a tablet's clock is often wrong
  const post = async (one) => {
    const ago_s = Math.max(0, (Date.now() - one.at) / 1000);
    const reply = await fetch(here, {
      method: "POST", headers: { "Content-Type": "application/json" }, cache: "no-store", credentials: "omit",
      body: JSON.stringify({ id: one.id, value: one.value, ago_s }),
    });
    return reply.status;
  };
  const send = async () => {
    if (sending) return;
    sending = true;
    try {
      for (let queue = read(); queue.length; queue = read()) {
        const one = queue[0];
        const status = Date.now() - one.at > OLDEST_MS ? 400 : await post(one);
        if (status === 404) { off(); break; }
        if (status === 429 || status >= 500) break;  // it waits, and is counted once however often it comes
        write(read().filter((other) => other.id !== one.id));
      }
    } catch { /* offline: it waits */ } finally { sending = false; }
  };

  document.querySelectorAll(".face").forEach((b) => b.addEventListener("click", () => answer(Number(b.dataset.value))));
  document.querySelectorAll("nav button").forEach((b) => b.addEventListener("click", () => say(b.dataset.code)));
  document.addEventListener("keydown", (e) => {
    if (!e.repeat && !e.ctrlKey && !e.altKey && !e.metaKey && "1234".includes(e.key) && e.key.length === 1) answer(Number(e.key));
  });
  document.addEventListener("contextmenu", (e) => e.preventDefault());
  addEventListener("online", send);
  setInterval(send, RETRY_MS);
  say(language);
  send();
})();
