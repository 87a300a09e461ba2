// The connection check: what is wrong with camera, codec or the way through the network, in sentences. The last step asks the
// server for an answer, as the live picture does, and sends a word through the connection and back.

const FRAMES_MS = 4000;
const GATHER_MS = 5000;
const CONNECT_MS = 12000;
const BLACK = 3; // of 255
const views = new WeakMap(); // by the component's root

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const within = (promise, ms, otherwise) => Promise.race([promise, wait(ms).then(() => otherwise)]);

class Wrong extends Error {}

// ---- camera --------------------------------------------------------------------------------------------------------

async function camera(view) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Wrong(view.data.kinds.mediaDevices);
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: false });
  } catch (error) {
    throw new Wrong(view.data.kinds[error.name] || `The browser gave no camera (${error.name}).`);
  }
  try {
    return await pictures(stream);
  } finally {
    stream.getTracks().forEach((track) => track.stop());
  }
}

async function pictures(stream) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, srcObject: stream });
  const name = stream.getVideoTracks()[0]?.label || "the camera";
  const begun = performance.now();
  await within(video.play(), FRAMES_MS, null);
  while (!video.videoWidth && performance.now() - begun < FRAMES_MS) await wait(100);
  if (!video.videoWidth)
    throw new Wrong(`“${name}” is open but sent no picture within ${FRAMES_MS / 1000} s. Close other programs that use it, or plug it in anew.`);
  await wait(300);
  if (brightness(video) < BLACK)
    throw new Wrong(`“${name}” sends a black picture. Is its cover closed, or the room dark?`);
  return `“${name}” gives pictures, ${video.videoWidth} × ${video.videoHeight}.`;
}

function brightness(video) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
  const paper = canvas.getContext("2d", { willReadFrequently: true });
  paper.drawImage(video, 0, 0, 16, 16);
  const values = paper.getImageData(0, 0, 16, 16).data;
  return values.reduce((sum, value, place) => sum + (place % 4 === 3 ? 0 : value), 0) / (3 * 256);
}

// ---- codec ---------------------------------------------------------------------------------------------------------

async function codec() {
  if (typeof RTCPeerConnection === "undefined") throw new Wrong("This browser has no WebRTC, or it is switched off. Use another browser, or take a clip.");
  const known = RTCRtpSender.getCapabilities?.("video")?.codecs?.map((one) => one.mimeType.toLowerCase().replace("video/", "")) || [];
  const both = ["vp8", "h264"].filter((name) => known.includes(name));
  if (known.length && !both.length)
    throw new Wrong("This browser sends neither VP8 nor H.264, and the server reads no other video. Use another browser, or take a clip.");
  return `Both sides know the codec ${both[0] === "h264" ? "H.264" : "VP8"}.`;
}

// ---- the way through the network -----------------------------------------------------------------------------------

async function network(view) {
  const peer = new RTCPeerConnection({ iceServers: view.data.servers });
  const kinds = new Set(), errors = [];
  peer.onicecandidate = ({ candidate }) => candidate?.type && kinds.add(candidate.type);
  peer.onicecandidateerror = (event) => errors.push(event);
  try {
    return await connect(view, peer, kinds, errors);
  } finally {
    peer.close();
  }
}

async function connect(view, peer, kinds, errors) {
  const channel = peer.createDataChannel("check");
  const echo = new Promise((done) => {
    channel.onopen = () => channel.send(String(performance.now()));
    channel.onmessage = ({ data }) => done(performance.now() - Number(data));
  });
  await peer.setLocalDescription(await peer.createOffer());
  const gathered = new Promise((done) => (peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done()));
  if (peer.iceGatheringState !== "complete") await within(gathered, GATHER_MS);
  const answer = await within(asked(view, peer.localDescription.sdp), CONNECT_MS, null);
  if (!answer) throw new Wrong("The server gave no answer to the browser’s offer. Load the page anew and try again.");
  if (!answer.sdp) throw new Wrong(answer.why || "The server could not answer the browser’s offer.");
  await peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
  const took = await within(echo, CONNECT_MS, null);
  if (took === null) throw new Wrong(blocked(view, kinds, errors));
  return `A connection to the server stands; a word there and back took ${Math.max(1, Math.round(took))} ms.${deaf(errors)}`;
}

function asked(view, sdp) {
  view.ticket = `${Date.now()}-${Math.random()}`;
  const answered = new Promise((done) => (view.answered = done));
  view.tell({ ticket: view.ticket, sdp });
  return answered;
}

function deaf(errors) {
  const servers = [...new Set(errors.map((event) => event.url).filter(Boolean))];
  return servers.length ? ` Yet these ICE servers did not answer: ${servers.join(", ")}.` : "";
}

function blocked(view, kinds, errors) {
  const told = deaf(errors).replace(" Yet these", " These");
  if (!kinds.size) return `The browser found no network address to offer (ICE). A setting or an extension of the browser may forbid WebRTC.${told}`;
  if (!view.data.servers.length)
    return `ICE failed: the network lets nothing through between this browser and the server. A TURN server in the settings (ICE servers) gets round that.${told}`;
  if (!kinds.has("relay"))
    return `ICE failed, and none of the ICE servers offered a relay. A TURN server with a right name and password is needed.${told}`;
  return `ICE failed although a relay was offered: the server can’t reach it.${told}`;
}

// ---- the stream that runs ------------------------------------------------------------------------------------------

async function stream(view) {
  const frames = [...document.querySelectorAll('iframe[title*="webrtc"]')];
  const shown = (frame) => frame.contentDocument?.querySelector("video");
  const frame = frames.find((one) => shown(one)?.srcObject?.active);
  if (!frame) return "The live picture is not running at the moment.";
  const video = shown(frame), hidden = video.paused;
  // browsers pause a muted picture that is scrolled out of sight
  if (hidden) frame.scrollIntoView({ block: "center" });
  for (let tries = 0; video.paused && tries < 20; tries++) await wait(100);
  const before = video.getVideoPlaybackQuality().totalVideoFrames;
  await wait(2000);
  const rate = (video.getVideoPlaybackQuality().totalVideoFrames - before) / 2;
  if (hidden) view.root.querySelector("button").scrollIntoView({ block: "center" });
  if (rate < 1) throw new Wrong("The live picture stands still: no picture came back for 2 s. Press Stop and Start.");
  return `The live picture runs: ${Math.round(rate)} pictures a second come back.`;
}

// ---- the check -----------------------------------------------------------------------------------------------------

const STEPS = [["Camera", camera], ["Codec", codec], ["Network", network], ["Live picture", stream]];

function line(view, name, words, kind) {
  const item = document.createElement("li");
  const head = document.createElement("b");
  head.textContent = `${kind === "bad" ? "✗" : kind === "open" ? "…" : "✓"} ${name}: `;
  item.className = kind;
  item.append(head, words);
  return item;
}

async function check(view) {
  const list = view.root.querySelector("ul"), button = view.root.querySelector("button");
  list.replaceChildren();
  button.disabled = true;
  for (const [name, step] of STEPS) {
    const open = line(view, name, "being looked at", "open");
    list.append(open);
    try {
      open.replaceWith(line(view, name, await step(view), "good"));
    } catch (error) {
      const words = error instanceof Wrong ? error.message : `This could not be checked (${error.message || error.name}).`;
      open.replaceWith(line(view, name, words, "bad"));
    }
  }
  button.disabled = false;
}

export default function (component) {
  const { data, parentElement: root, setTriggerValue } = component;
  let view = views.get(root);
  if (!view) {
    view = { root };
    views.set(root, view);
    root.querySelector("button").onclick = () => check(view);
  }
  view.data = data;
  view.tell = (offer) => setTriggerValue("offer", offer);
  if (data.answer && data.answer.ticket === view.ticket && view.answered) {
    view.answered(data.answer);
    view.answered = null;
  }
}
