// A sentence for a person where the browser gives no camera. The camera's part of the page stands in a frame of its own,
// which tells Python nothing of this and shows the browser's own words for it ("NotAllowedError: Permission denied").

const EVERY_MS = 400;

function troubleIn(kinds) {
  for (const frame of document.querySelectorAll('iframe[title*="webrtc"]')) {
    const inside = frame.contentDocument;
    const said = inside ? inside.querySelector('[role="alert"]')?.textContent || "" : "";
    const kind = Object.keys(kinds).find((name) => said.includes(name));
    if (kind) return kinds[kind];
  }
  return "";
}

export default function (component) {
  const { data, parentElement: root } = component;
  const box = root.querySelector(".refused");
  const look = () => {
    const words = troubleIn(data.kinds);
    if (box.textContent !== words) box.textContent = words;
    box.hidden = !words;
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return () => clearInterval(timer);
}
