// Polygons drawn on a still. Corners are shares (0 to 1) of the picture's width and height. Python is told of every change
// of a closed zone; it tells of a change of its own (typed zones, another camera) by a new `round`.

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.01;
const NEAR_PX = 14;

const clamp = (share) => Math.min(1, Math.max(0, share));
const rounded = (share) => Math.round(clamp(share) * 1000) / 1000;
const views = new WeakMap(); // by the component's root

function shape(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function placeOf(view, event) {
  const box = view.svg.getBoundingClientRect();
  return [rounded((event.clientX - box.left) / box.width), rounded((event.clientY - box.top) / box.height)];
}

function nearFirst(view, event) {
  if (view.draft.length < 3) return false;
  const box = view.svg.getBoundingClientRect();
  const [x, y] = view.draft[0];
  return Math.hypot(event.clientX - box.left - x * box.width, event.clientY - box.top - y * box.height) < NEAR_PX;
}

// ---- changes -------------------------------------------------------------------------------------------------------

function tell(view) {
  view.tell({ round: view.round, zones: view.zones, ids: view.ids });
}

function addCorner(view, place) {
  view.chosen = null;
  view.draft.push(place);
  draw(view);
}

function close(view) {
  if (view.draft.length < 3) return;
  view.zones = [...view.zones, view.draft];
  view.ids = [...view.ids, Math.max(-1, view.highest, ...view.ids) + 1];
  view.highest = view.ids[view.ids.length - 1];
  view.draft = [];
  view.chosen = view.zones.length - 1;
  draw(view);
  tell(view);
}

function back(view) {
  view.draft.pop();
  draw(view);
}

function removeZone(view) {
  if (view.chosen === null) return;
  view.zones = view.zones.filter((_, place) => place !== view.chosen);
  view.ids = view.ids.filter((_, place) => place !== view.chosen);
  view.chosen = null;
  draw(view);
  tell(view);
}

function removeCorner(view, zone, corner) {
  if (view.zones[zone].length <= 3) return;
  view.zones = view.zones.map((corners, place) => (place === zone ? corners.filter((_, i) => i !== corner) : corners));
  draw(view);
  tell(view);
}

function moveCorner(view, zone, corner, place) {
  view.zones = view.zones.map((corners, i) => (i === zone ? corners.map((old, j) => (j === corner ? place : old)) : corners));
}

function onKey(view, zone, corner, event) {
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    removeCorner(view, zone, corner);
  } else if (ways[event.key]) {
    event.preventDefault();
    const [x, y] = view.zones[zone][corner];
    const [right, down] = ways[event.key];
    const step = event.shiftKey ? 5 * STEP : STEP;
    moveCorner(view, zone, corner, [rounded(x + right * step), rounded(y + down * step)]);
    draw(view);
    view.svg.querySelector(`[data-corner="${zone}-${corner}"]`)?.focus();
    clearTimeout(view.waiting);
    view.waiting = setTimeout(() => tell(view), 500); // a held key is one change
  }
}

// ---- drawing -------------------------------------------------------------------------------------------------------

function path(view, corners) {
  return corners.map(([x, y]) => `${x * view.width},${y * view.height}`).join(" ");
}

function handle(view, zone, corner, [x, y]) {
  const radius = view.unit * (zone === null ? 5 : 6);
  const dot = shape("circle", { cx: x * view.width, cy: y * view.height, r: radius, class: zone === null ? "draft" : "corner" }, view.svg);
  if (zone === null) return;
  dot.setAttribute("tabindex", "0");
  dot.setAttribute("role", "button");
  dot.setAttribute("data-corner", `${zone}-${corner}`);
  dot.setAttribute("aria-label", `Corner ${corner + 1} of zone ${nameOf(view, zone)}: arrow keys move it, Delete removes it`);
  dot.onkeydown = (event) => onKey(view, zone, corner, event);
  dot.onpointerdown = (event) => drag(view, zone, corner, event);
}

function drag(view, zone, corner, event) {
  event.preventDefault();
  event.stopPropagation();
  view.chosen = zone;
  let moved = false;
  const move = (next) => {
    moved = true;
    moveCorner(view, zone, corner, placeOf(view, next));
    draw(view);
  };
  const drop = () => {
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", drop);
    window.removeEventListener("pointercancel", drop);
    view.dropped = performance.now();
    draw(view);
    view.svg.querySelector(`[data-corner="${zone}-${corner}"]`)?.focus();
    if (moved) tell(view);
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", drop);
  window.addEventListener("pointercancel", drop);
}

function drawZone(view, corners, zone) {
  const look = `zone${zone === view.chosen ? " chosen" : ""}${view.measuring ? " measuring" : ""}`;
  const area = shape("polygon", { points: path(view, corners), class: look }, view.svg);
  area.onclick = (event) => {
    if (view.draft.length) return; // a corner may lie in another zone
    event.stopPropagation();
    view.chosen = zone;
    draw(view);
  };
  const [x, y] = corners.reduce(([a, b], [c, d]) => [a + c / corners.length, b + d / corners.length], [0, 0]);
  const label = shape("text", { x: x * view.width, y: y * view.height, "font-size": view.unit * 16 }, view.svg);
  label.textContent = nameOf(view, zone);
  corners.forEach((corner, place) => handle(view, zone, place, corner));
}

function nameOf(view, zone) {
  return view.names[view.ids[zone]] || `${zone + 1}`;
}

function draw(view) {
  view.svg.replaceChildren();
  for (const corners of view.behind) shape("polygon", { points: path(view, corners), class: "behind" }, view.svg);
  view.zones.forEach((corners, zone) => drawZone(view, corners, zone));
  if (view.draft.length) shape("polyline", { points: path(view, view.draft), class: "draft" }, view.svg);
  view.draft.forEach((corner, place) => handle(view, null, place, corner));
  const root = view.root;
  root.querySelector(".close").disabled = view.draft.length < 3;
  root.querySelector(".back").disabled = !view.draft.length;
  root.querySelector(".remove").disabled = view.chosen === null || view.draft.length > 0;
  root.querySelector(".words").textContent = words(view);
}

function words(view) {
  const n = view.draft.length;
  if (n === 0 && view.chosen !== null) return `Zone ${nameOf(view, view.chosen)} is chosen: drag its corners, remove it, or click beside it to begin another.`;
  if (n === 0) return view.zones.length ? "Click to begin another zone; click a zone to choose it." : "Click in the picture to set a zone’s first corner.";
  if (n < 3) return `${n} of at least 3 corners.`;
  return "Click the first corner again, or “Close zone”.";
}

// ---- begin ---------------------------------------------------------------------------------------------------------

function listen(view) {
  const { svg, root } = view;
  svg.onclick = (event) => {
    if (performance.now() - (view.dropped || 0) < 250) return; // the end of a drag
    if (nearFirst(view, event)) close(view);
    else addCorner(view, placeOf(view, event));
  };
  root.querySelector(".close").onclick = () => close(view);
  root.querySelector(".back").onclick = () => back(view);
  root.querySelector(".remove").onclick = () => removeZone(view);
}

function show(view, data) {
  const image = view.root.querySelector("img");
  image.hidden = !data.image;
  if (data.image && image.src !== data.image) image.src = data.image;
  view.root.querySelector(".still").style.aspectRatio = `${data.width} / ${data.height}`;
  [view.width, view.height] = [data.width, data.height];
  view.svg.setAttribute("viewBox", `0 0 ${data.width} ${data.height}`);
  Object.assign(view, { names: data.names || {}, behind: data.behind || [], measuring: data.measuring });
  view.unit = data.width / Math.max(320, view.svg.getBoundingClientRect().width || 640);
  if (view.round === data.round) return;
  const ids = data.ids || data.zones.map((_, place) => place);
  Object.assign(view, { round: data.round, zones: data.zones, ids, highest: Math.max(-1, ...ids), draft: [], chosen: null });
}

export default function (component) {
  const { data, parentElement: root, setStateValue } = component;
  const known = views.get(root);
  const view = known || { root, svg: root.querySelector("svg"), zones: [], ids: [], highest: -1, names: {}, behind: [], draft: [], chosen: null, round: null };
  view.tell = (value) => setStateValue("zones", value);
  if (!known) {
    views.set(root, view);
    listen(view);
  }
  show(view, data);
  draw(view);
  return () => clearTimeout(view.waiting);
}
