// A film of this computer's, played beside the camera. It never leaves the browser: Python is told when it begins and ends.

const BEGINNING_S = 0.5;
const views = new WeakMap(); // by the component's root

function choose(view) {
  const file = view.input.files[0];
  if (!file) return;
  if (view.address) URL.revokeObjectURL(view.address);
  view.address = URL.createObjectURL(file);
  view.name = file.name;
  view.video.src = view.address;
  view.video.hidden = false;
  view.words.textContent = `${file.name}: recording begins and ends with it.`;
}

function listen(view) {
  const { root, video } = view;
  root.querySelector("button").onclick = () => view.input.click();
  view.input.onchange = () => choose(view);
  video.onplay = () => {
    if (video.currentTime < BEGINNING_S) view.tell({ kind: "play", name: view.name });
  };
  video.onended = () => view.tell({ kind: "ended", name: view.name });
  video.onerror = () => {
    video.hidden = true;
    view.words.textContent = `${view.name}: this browser can’t play it. Films that it plays are MP4 (H.264) and WebM.`;
  };
}

export default function (component) {
  const { parentElement: root, setTriggerValue } = component;
  let view = views.get(root);
  if (!view) {
    const [input, video, words] = ["input", "video", ".words"].map((name) => root.querySelector(name));
    view = { root, input, video, words, address: "", name: "" };
    views.set(root, view);
    listen(view);
  }
  view.tell = (event) => setTriggerValue("event", event);
}
