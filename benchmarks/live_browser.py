"""Pictures a second that a browser draws of the live page, with a webcam made of drawn people or of a film.

    streamlit run app.py --server.headless true &
    python -m benchmarks.live_browser --url http://127.0.0.1:8501/live --out benchmarks/reports/live-browser-DATE.json

Needs Playwright (not among the project's packages) and Chromium; server and browser share this machine. The webcam is a file,
640 × 480 at 30 pictures a second, shown by Chromium's fake device. Counted are `getVideoPlaybackQuality().totalVideoFrames`
over some seconds, several times after the picture has settled. The waiting in the browser is that of its jitter buffer.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import live

RATE = 30
LEAST_FPS = 20.0
FLAGS = (
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)  # fmt: skip
_REMEMBER = """
const Real = window.RTCPeerConnection;
window.peers = [];
window.RTCPeerConnection = class extends Real { constructor(...all) { super(...all); window.peers.push(this); } };
"""
_COUNT = """async () => {
  const video = document.querySelector('video'), told = {at: performance.now(), drawn: 0, waited_s: 0, taken: 0, decoded: 0};
  if (video) told.drawn = video.getVideoPlaybackQuality().totalVideoFrames;
  for (const peer of window.peers || []) for (const s of (await peer.getStats()).values())
    if (s.type === 'inbound-rtp' && s.kind === 'video') {
      told.waited_s = s.jitterBufferDelay; told.taken = s.jitterBufferEmittedCount; told.decoded = s.framesDecoded;
    } else if (s.type === 'outbound-rtp' && s.kind === 'video') told.sent = s.framesSent;
  return told;
}"""


def write_webcam(path: Path, pictures: Iterator[Any], seconds: float, rate: int = RATE) -> Path:
    """An uncompressed .y4m of 640 × 480, as Chromium's fake device reads it."""
    import av

    with av.open(str(path), "w", format="yuv4mpegpipe") as container:
        stream = container.add_stream("rawvideo", rate=rate)
        stream.width, stream.height, stream.pix_fmt = live.WIDTH_PX, live.HEIGHT_PX, "yuv420p"
        for picture in islice(pictures, round(seconds * rate)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@contextmanager
def browser_with(webcam: Path, chromium: str) -> Iterator[Any]:
    """A headless Chromium whose camera is that file."""
    from playwright.sync_api import sync_playwright

    flags = [*FLAGS, f"--use-file-for-fake-video-capture={webcam}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def start(page: Any, url: str) -> Any:
    """Open the live page and press Start: the component's frame, once its video plays."""
    page.add_init_script(_REMEMBER)
    page.goto(url)
    frame = page.frame_locator("iframe[title*='webrtc']").first
    frame.get_by_role("button", name="Start").click(timeout=60_000)
    inner = next(f for f in page.frames if "webrtc" in f.url)
    inner.wait_for_function("document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 0", timeout=60_000)
    return inner


def counted(inner: Any, seconds: float) -> dict[str, float]:
    """Pictures drawn, decoded and sent a second, and the mean wait in the browser's jitter buffer, over that time."""
    before = inner.evaluate(_COUNT)
    time.sleep(seconds)
    after = inner.evaluate(_COUNT)
    took = (after["at"] - before["at"]) / 1e3
    rates = {key: round((after.get(key, 0) - before.get(key, 0)) / took, 2) for key in ("drawn", "decoded", "sent")}
    taken = max(1, after["taken"] - before["taken"])
    return {**rates, "buffer_ms": round(1e3 * (after["waited_s"] - before["waited_s"]) / taken, 1)}


def said(page: Any) -> str:
    """The page's own numbers; its frames a second are those the engine looked at: in a hurry a picture is sent twice."""
    return " · ".join(page.locator(".live-numbers").inner_text(timeout=5_000).split("\n"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8501/live")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    parser.add_argument("--film", type=Path, help="for the webcam, instead of drawn people")
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    pictures = live.of_film(arguments.film) if arguments.film else live.drawn(arguments.people, rate=RATE)
    with tempfile.TemporaryDirectory() as folder:
        webcam = write_webcam(Path(folder) / "webcam.y4m", pictures, 6.0)
        with browser_with(webcam, arguments.chromium) as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            inner = start(page, arguments.url)
            time.sleep(6)
            runs = [{**counted(inner, arguments.seconds), "page": said(page)} for _ in range(arguments.repeats)]
    what = arguments.film.name if arguments.film else f"drawn, {arguments.people}"
    report = {
        **live.stamp("live_browser"), "webcam": what, "webcam_rate": RATE, "size": [live.WIDTH_PX, live.HEIGHT_PX],
        "seconds": arguments.seconds, "least_fps": LEAST_FPS, "drawn_median": float(np.median([run["drawn"] for run in runs])),
        "runs": runs,
    }  # fmt: skip
    live.write(report, arguments.out)


if __name__ == "__main__":
    main()
