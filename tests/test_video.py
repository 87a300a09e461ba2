"""Films: every kind of file, exact times, sampling, what is left out, and every way in which a film can be bad."""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from fer_core import video
from fer_core.errors import FilmError
from fer_core.settings import VideoSettings
from fer_core.types import Frame
from fer_core.video.clock import Clock, sample_number
from fer_core.video.reader import Decoding
from fer_core.video.skipping import Skipper
from fer_core.video.source import open_film, picture_stream
from tests import films

ALL = VideoSettings(samples_per_s=1000)
PYRAMID = {"preset": "medium", "x264-params": "ref=8:bframes=3:b-pyramid=normal:b-adapt=0:scenecut=0"}


def read(path: Path, samples_per_s: float = 5.0) -> list[Frame]:
    """All samples of a sound film."""
    warnings: list[str] = []
    found = list(video.samples(path, VideoSettings(samples_per_s=samples_per_s), warn=warnings.append))
    assert warnings == []
    return found


def times(frames: list[Frame]) -> list[float]:
    return [frame.time_s for frame in frames]


def numbers(frames: list[Frame]) -> list[int]:
    return [films.number_in(frame.image) for frame in frames]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size"),
    [
        ("two.mp4", "libx264", "yuv420p", (64, 48)),
        ("film.mov", "libx264", "yuv420p", (64, 48)),
        ("film.mkv", "libx265", "yuv420p", (64, 48)),
        ("film.ts", "libx264", "yuv420p", (64, 48)),
        ("film.avi", "mpeg4", "yuv420p", (64, 48)),
        ("mjpeg.avi", "mjpeg", "yuvj420p", (64, 48)),
        ("film.webm", "libvpx-vp9", "yuv420p", (64, 48)),
        ("film.gif", "gif", "rgb8", (64, 48)),
        ("ten bit.mp4", "libx264", "yuv420p10le", (64, 48)),
        ("grey.mkv", "ffv1", "gray", (64, 48)),
        ("alpha.mov", "png", "rgba", (64, 48)),
        ("odd.mkv", "ffv1", "bgr0", (67, 51)),
        ("odd444.mp4", "libx264", "yuv444p", (67, 51)),
        ("Flur 12:30 – вход 入口.mp4", "libx264", "yuv420p", (64, 48)),
        ("100%d #1?.mp4", "libx264", "yuv420p", (64, 48)),
    ],
)
def test_kinds_of_film(tmp_path: Path, name: str, codec: str, pix_fmt: str, size: tuple[int, int]) -> None:
    quiet = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    pictures = 2 if name == "two.mp4" else 20
    path = films.write_film(tmp_path / name, pictures, codec=codec, pix_fmt=pix_fmt, size=size, options=quiet)
    frames = read(path)
    assert numbers(frames) == list(range(0, pictures, 2))
    assert times(frames) == pytest.approx([number / 10 for number in range(0, pictures, 2)], abs=1e-6)
    assert all(frame.image.shape == (size[1], size[0], 3) and frame.image.dtype == np.uint8 for frame in frames)
    assert all(frame.image.flags.c_contiguous for frame in frames)
    info = video.probe(path)
    assert (info.width, info.height, info.path) == (*size, path)
    assert info.duration_s == pytest.approx(pictures / 10, abs=0.05)


@pytest.mark.parametrize(
    ("at_s", "samples_per_s", "expected"),
    [
        ([0, 3], 5, [0, 1]),
        ([0, 0.1, 0.2, 0.3, 0.4], 5, [0, 2, 4]),
        ([0, 0.15, 0.19, 0.25, 0.3, 0.9, 1.0, 1.05, 5.5], 5, [0, 3, 5, 6, 8]),
        ([0, 0.333, 0.667, 1.0], 3, [0, 1, 2, 3]),
        ([0, 0.5, 1, 1.5], 5, [0, 1, 2, 3]),
        ([2.0, 2.1, 2.2, 2.3], 5, [0, 2]),
        ([0, 0.1, 0.2, 0.3, 4.0], 0.5, [0, 4]),
    ],
)
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_samples_follow_time(tmp_path: Path, at_s: list[float], samples_per_s: float, expected: list[int], name: str) -> None:
    """Whatever the spacing: the first picture at or after each multiple of the step, at its own time."""
    frames = read(films.write_film(tmp_path / name, at_s), samples_per_s)
    assert numbers(frames) == expected
    assert times(frames) == pytest.approx([at_s[k] - at_s[0] for k in expected], abs=0.0006)


def test_ntsc_times_are_exact(tmp_path: Path) -> None:
    at_s = [k * 1001 / 30000 for k in range(90)]
    frames = read(films.write_film(tmp_path / "film.mp4", at_s), 1000)
    assert times(frames) == pytest.approx(at_s, abs=1e-4)
    assert numbers(frames) == list(range(90))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, -90])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_films_come_upright(tmp_path: Path, degrees: int, mirrored: bool) -> None:
    """The phone lies on its side: it codes the upright picture turned the other way and says how to turn it back."""

    def as_coded(number: int, width: int, height: int) -> np.ndarray:
        upright = films.numbered(number + 300, *((height, width) if degrees % 180 else (width, height)))
        return np.ascontiguousarray(np.rot90(upright[:, ::-1] if mirrored else upright, -degrees // 90))

    path = films.write_film(tmp_path / "film.mp4", 6, turn=(degrees, mirrored), draw=as_coded)
    frames = read(path)
    assert numbers(frames) == [300, 302, 304]
    info = video.probe(path)
    assert frames[0].image.shape == (info.height, info.width, 3) == ((64, 48, 3) if degrees % 180 else (48, 64, 3))


@pytest.mark.parametrize(
    ("name", "codec", "options", "skips"),
    [
        ("plain.mp4", "libx264", {"bf": "0"}, False),
        ("pyramid.mp4", "libx264", PYRAMID, True),
        ("pyramid.mkv", "libx264", PYRAMID, True),
        ("pyramid.ts", "libx264", PYRAMID, True),
        ("hevc.mp4", "libx265", {"x265-params": "log-level=none"}, True),
        ("mpeg2.ts", "mpeg2video", {"bf": "2"}, True),
        ("film.avi", "mpeg4", {"bf": "2"}, True),
        ("mjpeg.mkv", "mjpeg", {}, True),
        ("vp9.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}, False),
    ],
)
def test_leaving_out_changes_no_sample(tmp_path: Path, name: str, codec: str, options: dict[str, str], skips: bool) -> None:
    """What is sampled, when and how it looks is the same as when every picture is decoded."""
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    draw = {"rate": 25, "size": (160, 120), "draw": films.moving}
    path = films.write_film(tmp_path / name, 60, codec=codec, pix_fmt=pix_fmt, options=options, **draw)
    whole = {frame.time_s: frame.image for frame in read(path, 1000)}
    assert len(whole) == decoded(path, 1000) == 60
    for samples_per_s in (3, 5, 12):
        multiples = [k / samples_per_s for k in range(samples_per_s * 59 // 25 + 1)]
        frames = read(path, samples_per_s)
        assert times(frames) == [min(time_s for time_s in whole if time_s >= least - 0.001) for least in multiples]
        assert all(np.array_equal(frame.image, whole[frame.time_s]) for frame in frames)
        assert (decoded(path, samples_per_s) < 60) == skips


def decoded(path: Path, samples_per_s: float) -> int:
    """How many pictures the decoder gave for that sampling."""
    with open_film(path) as container:
        return len(list(Decoding(container, picture_stream(container, path), samples_per_s).pictures()))


STREET = Path(__file__).parents[2] / "shared" / "films" / "street_1080p.mp4"


@pytest.mark.skipif(not STREET.exists(), reason="needs the film street_1080p.mp4")
def test_street_film() -> None:
    """105 pictures at 25 a second, every other one not referred to: 53 must be decoded, and the samples among the rest."""
    assert times(read(STREET)) == pytest.approx([k / 5 for k in range(21)], abs=1e-6)
    assert 53 <= decoded(STREET, 5) <= 70


@dataclass(frozen=True)
class ToyPacket:
    pts: int | None


@pytest.mark.parametrize(
    ("stamps", "ready", "needed"),
    [
        ([], True, []),
        ([0, 4, 8], True, [0, 8]),
        ([0, 4, 2, 1, 3, 8, 6, 5, 7], True, [0, 5]),
        ([0, 1, 2, 3, 4, 5, 6], True, [0, 5]),
        ([0, 1, 2, 3, 4, 5, 6], False, [0, 1, 2, 3, 4, 5, 6]),
        ([0, 1, None, 2, 3, 4], True, [0, 1, None, 2, 3, 4]),
        ([100, *range(40)], True, [100, *range(40)]),
    ],
)
def test_skipper(stamps: list[int | None], ready: bool, needed: list[int | None]) -> None:
    """Five stamps a sample; nothing is lost, nothing changes its order, what can't be judged is needed."""
    skipper = Skipper(lambda pts: pts // 5, lambda: ready)
    planned = [each for pts in stamps for each in skipper.plan(ToyPacket(pts))] + list(skipper.rest())
    assert [packet.pts for packet, _ in planned] == stamps
    assert [packet.pts for packet, wanted in planned if wanted] == needed


def test_clock_without_stamps_counts_on() -> None:
    clock = Clock(films.Fraction(1, 100), films.Fraction(10))
    assert [clock.tick(pts) for pts in (None, None, 700, 720, None)] == pytest.approx([0, 0.1, 0.2, 0.4, 0.5])
    assert not clock.steady


def test_clock_runs_on_after_a_jump_back() -> None:
    clock = Clock(films.Fraction(1, 100), films.Fraction(10))
    assert [clock.tick(pts) for pts in (500, 510, 700, 500, 510)] == pytest.approx([0, 0.1, 2.0, 2.1, 2.2])
    assert not clock.steady


def test_clock_keeps_small_steps_back_apart() -> None:
    clock = Clock(films.Fraction(1, 100), None)
    assert [clock.tick(pts) for pts in (0, 20, 16, 24)] == pytest.approx([0, 0.2, 0.16, 0.24])
    assert clock.last_s == pytest.approx(0.24)


@pytest.mark.parametrize(("time_s", "expected"), [(0, 0), (0.19, 0), (0.1995, 1), (0.2, 1), (0.39, 1), (-0.1, -1)])
def test_sample_number(time_s: float, expected: int) -> None:
    assert sample_number(time_s, 5) == expected


def test_stream_without_stamps(tmp_path: Path) -> None:
    """A bare H.264 stream has neither time stamps nor a duration."""
    path = films.write_film(tmp_path / "film.h264", 50, rate=25, options={"bf": "0"})
    assert video.probe(path).duration_s is None
    frames = read(path)
    assert numbers(frames) == list(range(0, 50, 5))
    assert times(frames) == pytest.approx([k / 25 for k in range(0, 50, 5)], abs=1e-6)


def test_films_joined_end_to_end(tmp_path: Path) -> None:
    """Time stamps that begin again: everything is sampled, times rise."""
    once = films.write_film(tmp_path / "once.ts", 40).read_bytes()
    path = tmp_path / "twice.ts"
    path.write_bytes(once + once)
    frames = list(video.samples(path, VideoSettings(), warn=lambda text: None))
    assert numbers(frames)[:20] == list(range(0, 40, 2))
    assert set(numbers(frames)[20:]) >= set(range(4, 40, 4))
    assert all(np.diff(times(frames)) > 0)
    assert 7 < frames[-1].time_s < 9


def empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def text(folder: Path) -> Path:
    path = folder / "text.mp4"
    path.write_text("These are no pictures.\n" * 200)
    return path


def playlist(folder: Path) -> Path:
    """Would have other files opened."""
    films.write_film(folder / "part.ts", 20)
    path = folder / "list.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\npart.ts\n#EXT-X-ENDLIST\n")
    return path


def folder_named_as_film(folder: Path) -> Path:
    path = folder / "folder.mp4"
    path.mkdir()
    return path


BAD = {
    "empty file": (empty, "the file is empty"),
    "missing": (lambda folder: folder / "nowhere.mp4", "no such file or folder"),
    "below a file": (lambda folder: text(folder) / "film.mp4", "no such file or folder"),
    "folder": (folder_named_as_film, "is a folder"),
    "text": (text, "not a film"),
    "playlist": (playlist, "not a film"),
    "no index": (lambda folder: films.without_index(films.write_film(folder / "a.mp4"), folder / "b.mp4"), "index"),
    "sound only": (lambda folder: films.write_sound(folder / "sound.mp4"), "sound only"),
    "1x1": (lambda folder: films.write_film(folder / "1x1.mkv", codec="ffv1", pix_fmt="bgr0", size=(1, 1)), "too small"),
    "one picture": (lambda folder: films.write_film(folder / "one.mp4", 1), "one picture"),
    "one-picture gif": (lambda folder: films.write_film(folder / "one.gif", 1, codec="gif", pix_fmt="rgb8"), "one picture"),
    "photograph": (lambda folder: films.write_film(folder / "a.jpg", 1, codec="mjpeg", pix_fmt="yuvj420p"), "one picture"),
    "no picture": (lambda folder: spoilt(films.write_film(folder / "bad.mp4", 2, container=films.FRONT), 0.0), "no picture"),
}


def spoilt(path: Path, from_share: float, to_share: float = 1.0) -> Path:
    """The pictures' bytes between those shares of them overwritten."""
    whole = bytearray(path.read_bytes())
    start = whole.index(b"mdat") + 4
    length = len(whole) - start
    begin, end = start + int(length * from_share), start + int(length * to_share)
    whole[begin:end] = b"\xff" * (end - begin)
    path.write_bytes(whole)
    return path


@pytest.mark.parametrize("kind", BAD)
def test_bad_films_say_why(tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    make, cause = BAD[kind]
    path = make(tmp_path)
    for attempt in (video.probe, read):
        with pytest.raises(FilmError, match=cause) as raised:
            attempt(path)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_film(tmp_path: Path) -> None:
    path = films.write_film(tmp_path / "film.mp4")
    path.chmod(0)
    with pytest.raises(FilmError, match="can't be read"):
        video.probe(path)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.avi", "film.webm"])
def test_film_cut_off_later(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Read to the break; one warning names the file and the second."""
    codec = {"film.webm": "libvpx-vp9", "film.avi": "mpeg4"}.get(name, "libx264")
    options = {"g": "5"} if codec != "libx264" else {"g": "5", "bf": "0"}
    front = films.FRONT if name == "film.mp4" else None
    whole = films.write_film(tmp_path / f"whole-{name}", 100, codec=codec, options=options, container=front)
    path = films.cut_off(whole, tmp_path / name, 0.5)
    warnings: list[str] = []
    frames = list(video.samples(path, VideoSettings(), warn=warnings.append))
    assert len(warnings) == 1
    assert str(path) in warnings[0]
    assert "breaks off at" in warnings[0]
    told_s = float(warnings[0].split("breaks off at ")[1].split(" s")[0])
    assert frames[-1].time_s <= told_s + 0.05 < frames[-1].time_s + 0.35
    assert 0.5 < told_s < 9
    assert numbers(frames)[:-1] == list(range(0, 2 * len(frames) - 2, 2))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("lost_s", "told"), [(0.7, True), (0.4, True), (0.2, False), (0.0, False)])
@pytest.mark.parametrize("options", [{"bf": "0"}, {"bf": "2"}], ids=str)
def test_a_film_cut_short_by_less_than_a_second(
    tmp_path: Path, lost_s: float, told: bool, options: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Its header promises more than two pictures and 0.3 s that are not there; a last picture or so is never missed."""
    whole = films.write_film(tmp_path / "whole.mp4", 100, rate=20, options=options, container=films.FRONT)
    path = without_end(whole, tmp_path / "film.mp4", 5 - lost_s)
    warnings: list[str] = []
    frames = list(video.samples(path, VideoSettings(), warn=warnings.append))
    assert [f"{path}: the film breaks off at" in text for text in warnings] == [True] * told
    if told:
        told_s = float(warnings[0].split("breaks off at ")[1].split(" s")[0])
        assert told_s == pytest.approx(5 - lost_s, abs=0.11) and frames[-1].time_s <= told_s + 0.05
    assert capfd.readouterr() == ("", "")


def without_end(source: Path, path: Path, end_s: float) -> Path:
    """An MP4 without the bytes of the pictures shown from end_s on, and of those coded after the first of these."""
    with av.open(str(source)) as film:
        packets = [packet for packet in film.demux(video=0) if packet.size]
        lost = [packet.pos for packet in packets if float(packet.pts * packet.time_base) >= end_s - 0.001]
    whole = source.read_bytes()
    path.write_bytes(whole[: min(lost, default=len(whole))])
    return path


def test_film_damaged_midway(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What comes after the damage is read as well."""
    path = films.write_film(tmp_path / "film.mp4", 100, options={"g": "5", "bf": "0"}, container=films.FRONT)
    warnings: list[str] = []
    frames = list(video.samples(spoilt(path, 0.4, 0.6), VideoSettings(), warn=warnings.append))
    assert len(warnings) == 1
    assert str(path) in warnings[0]
    assert "damaged at" in warnings[0]
    assert numbers(frames)[:10] == list(range(0, 20, 2))
    assert numbers(frames)[-10:] == list(range(80, 100, 2))
    assert times(frames)[-1] == pytest.approx(9.8)
    assert capfd.readouterr() == ("", "")


def test_lazy_and_closed_early(tmp_path: Path) -> None:
    """Nothing is opened before it is asked for, nothing stays open after the caller left."""
    path = films.write_film(tmp_path / "film.mp4", 200)
    before = open_files()
    waiting = video.samples(tmp_path / "nowhere.mp4", VideoSettings(), warn=print)
    frames = video.samples(path, VideoSettings(), warn=print)
    assert open_files() == before
    assert next(frames).time_s == 0
    assert open_files() == before + 1
    frames.close()
    assert open_files() == before
    with pytest.raises(FilmError):
        next(waiting)


def open_files() -> int:
    """How many regular files this process holds open."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("this system doesn't list a process's open files")
    return sum(Path(f"/proc/self/fd/{name}").is_file() for name in os.listdir("/proc/self/fd"))


PEAK = """
import resource, sys
from pathlib import Path
from fer_core import video
from fer_core.settings import VideoSettings
print(sum(1 for _ in video.samples(Path(sys.argv[1]), VideoSettings(), warn=print)))
try:  # ru_maxrss begins with the peak of the process that started this one
    print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
except FileNotFoundError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1))
"""


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """The same film ten times as long needs at most 50 MB more: 135 MB less than its samples."""
    once = films.write_film(tmp_path / "once.mp4", 100, size=(640, 360), options={"preset": "ultrafast"})
    ten = films.looped(once, tmp_path / "ten.mp4", 10)
    (few, short_kb), (many, long_kb) = (measured(path) for path in (once, ten))
    assert (few, many) == (50, 500)
    assert long_kb < short_kb + 50 * 1024


def measured(path: Path) -> tuple[int, int]:
    """Samples of a film, and the peak memory (KiB) of a process that counts them."""
    run = [sys.executable, "-c", PEAK, str(path)]
    printed = subprocess.run(run, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1]).stdout  # noqa: S603
    count, peak = printed.split()
    return int(count), int(peak)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, None),
        ({"creation_time": "2026-03-04T09:30:00.000000Z"}, datetime(2026, 3, 4, 9, 30, tzinfo=UTC)),
        ({"creation_time": "1904-01-01T00:00:00.000000Z"}, None),
    ],
)
def test_recorded_at(tmp_path: Path, metadata: dict[str, str], expected: datetime | None) -> None:
    path = films.write_film(tmp_path / "film.mp4", metadata=metadata)
    assert video.probe(path).recorded_at == expected


def test_probe(tmp_path: Path) -> None:
    info = video.probe(films.write_film(tmp_path / "film.mp4", 50, rate=25))
    assert (info.codec, info.frame_rate) == ("h264", 25)
    assert info.duration_s == pytest.approx(2)


def test_films_in(tmp_path: Path) -> None:
    with pytest.raises(FilmError, match="holds no film"):
        video.films_in(tmp_path)
    for name in ("film 10.MP4", "film 2.mp4", "Film 1.gif", "notes.txt", ".film 3.mp4", "ты.mov"):
        (tmp_path / name).touch()
    folder_named_as_film(tmp_path)
    assert [path.name for path in video.films_in(tmp_path)] == ["Film 1.gif", "film 2.mp4", "film 10.MP4", "ты.mov"]
    assert video.films_in(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]
    with pytest.raises(FilmError, match="no such file or folder"):
        video.films_in(tmp_path / "nowhere")


def test_a_songs_cover_is_no_film(tmp_path: Path) -> None:
    """The picture that goes with a song is a video stream to FFmpeg."""
    song, cover = films.write_sound(tmp_path / "song.mp4"), tmp_path / "cover.mp4"
    with av.open(str(song)) as source, av.open(str(cover), "w") as film:
        sound = film.add_stream_from_template(source.streams.audio[0])
        picture = film.add_stream("mjpeg", rate=1)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuvj420p"
        picture.disposition = av.stream.Disposition.attached_pic
        film.mux(picture.encode(av.VideoFrame.from_ndarray(films.numbered(1), format="bgr24")))
        film.mux(picture.encode(None))
        for packet in (packet for packet in source.demux() if packet.size):
            packet.stream = sound
            film.mux(packet)
    with pytest.raises(FilmError, match="sound only"):
        video.probe(cover)
