"""How old the live page's picture is: a time stamp in the fake webcam, read back from the picture that the page shows.

    streamlit run app.py --server.headless true &
    python -m benchmarks.live_delay --url http://127.0.0.1:8501/live --minutes 3 --out benchmarks/reports/live-delay-DATE.json

Every picture of the webcam carries its number as bright and dark fields along its lower edge. The page's frame opens the same
webcam a second time beside the stream, and both pictures are read at one moment: the numbers' difference is the way to the
server and back, engine and drawing included. Told are the median of each half minute and the straight line through all.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import live
from benchmarks.live_browser import RATE, browser_with, said, start, write_webcam

_BITS, _FIELD, _LOOP_S = 10, 64, 20
_SPAN_S = 30.0
_READ = """async ([bits, field]) => {
  if (!window.beside) {
    window.beside = document.createElement('video');
    window.beside.muted = true;
    window.beside.srcObject = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480}});
    await window.beside.play();
    window.read = (video, mirrored) => {
      const canvas = new OffscreenCanvas(640, 480), pen = canvas.getContext('2d', {willReadFrequently: true});
      if (mirrored) { pen.translate(640, 0); pen.scale(-1, 1); }
      pen.drawImage(video, 0, 0, 640, 480);
      let number = 0;
      for (let place = 0; place < bits; place++) {
        const seen = pen.getImageData(place * field + field / 4, 480 - field / 2 + 8, field / 2, 8).data;
        let sum = 0;
        for (let at = 0; at < seen.length; at += 4) sum += seen[at] + seen[at + 1] + seen[at + 2];
        number = 2 * number + (sum > 3 * 128 * seen.length / 4 ? 1 : 0);
      }
      return number;
    };
  }
  const shown = [...document.querySelectorAll('video')].find(one => one !== window.beside);
  return [window.read(window.beside, false), window.read(shown, true)];
}"""


def stamped(pictures: Iterator[Any]) -> Iterator[Any]:
    """The pictures with their number, highest bit first, along the lower edge."""
    for number, picture in enumerate(pictures):
        image = np.ascontiguousarray(picture).copy()
        for place in range(_BITS):
            bright = (number >> (_BITS - 1 - place)) & 1
            image[-_FIELD // 2 :, place * _FIELD : (place + 1) * _FIELD] = 235 if bright else 20
        yield image


def delays(inner: Any, minutes: float) -> list[tuple[float, float]]:
    """(seconds since the beginning, delay in ms), five a second."""
    found, begun = [], time.monotonic()
    loop = _LOOP_S * RATE
    while (now := time.monotonic() - begun) < 60 * minutes:
        here, shown = inner.evaluate(_READ, [_BITS, _FIELD])
        behind = (here - shown) % loop
        if behind < loop / 2:
            found.append((now, 1e3 * behind / RATE))
        time.sleep(0.2)
    return found


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description="How old the live page's picture is")
    parser.add_argument("--url", default="http://127.0.0.1:8501/live")
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        webcam = write_webcam(Path(folder) / "webcam.y4m", stamped(live.drawn(1, rate=RATE)), _LOOP_S)
        with browser_with(webcam, arguments.chromium) as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            inner = start(page, arguments.url)
            time.sleep(6)
            found = delays(inner, arguments.minutes)
            words = said(page)
    times, ms = np.array(found).T
    spans = [round(float(np.median(ms[times // _SPAN_S == span])), 1) for span in np.unique(times // _SPAN_S)]
    report = {
        **live.stamp("live_delay"), "webcam_rate": RATE, "read": len(ms), "median_ms": round(float(np.median(ms)), 1),
        "p95_ms": round(float(np.quantile(ms, 0.95)), 1),
        "max_ms": round(float(ms.max()), 1), "median_by_half_minute_ms": spans,
        "grows_ms_a_minute": round(float(60 * np.polyfit(times, ms, 1)[0]), 2), "page": words,
    }  # fmt: skip
    live.write(report, arguments.out)


if __name__ == "__main__":
    main()
