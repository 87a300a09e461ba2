"""Films: files of every usual kind, read by time.

    films_in(path)                        a file, or a folder's films in natural order
    probe(path)                           what a film says of itself
    samples(path, settings, warn=warn)    its pictures at the sampling rate, lazily
    ahead(frames, depth)                  the same, decoded ahead in a thread

A picture is `(h, w, 3) uint8`, blue-green-red, turned upright. Its time is in seconds from the film's first picture, from
the stream's own time stamps. What a user can mend raises FilmError, one sentence that names the file and the cause; a
film that breaks midway is read to the break and `warn` gets a sentence.
"""

from fer_core.video.ahead import ahead
from fer_core.video.reader import probe, samples
from fer_core.video.source import FILM_ENDINGS, films_in

__all__ = ["FILM_ENDINGS", "ahead", "films_in", "probe", "samples"]
