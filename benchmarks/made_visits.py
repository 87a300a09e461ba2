"""Made-up visits by the million, written by SQL: 20 stores over two years, with everybody their cameras saw."""

from datetime import date
from pathlib import Path

from fer_core.store import Store

STORES = 20
DAYS = 730
FIRST = date(2024, 11, 20)
CHUNK = 1_000_000
NAMES = tuple(f"Store {number + 1:02d}" for number in range(STORES))

# draw(k): an even number from 0 to 1 that belongs to visit i and the purpose k
_DRAWS = "CREATE OR REPLACE TEMP MACRO draw(i, k) AS (hash(i * 64 + k) % 1000003) / 1000003.0"
_STORES = """
INSERT INTO stores (store_id, name, time_zone)
SELECT md5('store' || s)::UUID, printf('Store %02d', s + 1), 'Europe/Vienna' FROM range({stores}) AS t(s)"""
_CAMERAS = """
INSERT INTO cameras (camera_id, store_id, name, role, door)
SELECT md5('camera' || s || role || door)::UUID, md5('store' || s)::UUID, role || ' ' || door, role, door
FROM range({stores}) AS t(s), (VALUES ('entry'), ('exit')) AS r(role), (VALUES ('Main'), ('Back')) AS d(door)"""
_FOOTAGE = """
INSERT INTO footage BY NAME SELECT md5('film' || s || role || door || d)::UUID AS footage_id,
md5('store' || s)::UUID AS store_id, md5('camera' || s || role || door)::UUID AS camera_id, role,
sha256('film' || s || role || door || d) AS sha256, door || '-' || d || '.mp4' AS film,
DATE '{first}' + d::INTEGER + INTERVAL 8 HOUR AS start_at, 36000.0 AS duration_s, 1280 AS width, 720 AS height,
[]::VARCHAR[] AS warnings, 'yunet' AS detector, 'mobilefacenet' AS embedder, 'moodgate' AS emotion, now() AS analysed_at
FROM range({stores}) AS t(s), range({days}) AS u(d), (VALUES ('entry'), ('exit')) AS r(role),
(VALUES ('Main'), ('Back')) AS v(door)"""
# most come in the middle of the day; in the order in which settled days are written
_PEOPLE = """
SELECT i, i % {stores} AS s, d,
32400 + 36000 * (0.5 * draw(i, 1) + 0.25 * draw(i, 2) + 0.25 * (draw(i, 3) < 0.5)::INTEGER) AS sec,
60 + 900 * -ln(1 - 0.999 * draw(i, 4)) AS stay, CASE WHEN draw(i, 5) < 0.7 THEN 'Main' ELSE 'Back' END AS door,
CASE WHEN draw(i, 6) < 0.8 THEN 'Main' ELSE 'Back' END AS exit_door, CASE WHEN i % 200 = 0 THEN NULL
ELSE (TIMESTAMP '{first}' + to_days(d::INTEGER) + to_microseconds((sec * 1e6)::BIGINT)) END AS moment
FROM (SELECT i, i * {days} // {visits} AS d FROM range({low}, {high}) AS t(i))"""
_EXPRESSION = (
    "['neutral','neutral','neutral','happy','happy','sad','angry','surprise','fear','disgust'][1 + (10 * {draw})::INTEGER % 10]"
)
_VISITS = """
INSERT INTO visits BY NAME SELECT md5('visit' || i)::UUID AS visit_id, printf('Store %02d', s + 1) AS store,
sec - 28800 AS entry_time_s, sec + stay - 28800 AS exit_time_s, 300.0 AS entry_x, 200.0 AS entry_y, 300.0 AS exit_x,
200.0 AS exit_y, moment AT TIME ZONE 'Europe/Vienna' AS entered_at,
(moment + to_microseconds((stay * 1e6)::BIGINT)) AT TIME ZONE 'Europe/Vienna' AS exited_at, moment AS local_at,
CASE WHEN moment IS NOT NULL THEN stay END AS dwell_s, {came} AS entry_expression, {left} AS exit_expression,
before AS entry_valence, before + change AS exit_valence, change, 0.1 + 0.2 * draw(i, 9) AS change_se, 0.02 AS camera_offset,
CASE WHEN draw(i, 10) < 0.15 THEN 'uncertain' WHEN change > 0.3 THEN 'positive' WHEN change < -0.3 THEN 'negative'
ELSE 'neutral' END AS review, 0.6 + 0.4 * draw(i, 11) AS match_probability, 0.1 AS runner_up,
door || '-' || d || '.mp4' AS entry_film, exit_door || '-' || d || '.mp4' AS exit_film, door AS entry_door, exit_door,
md5('entry' || i)::UUID AS entry_appearance_id, md5('exit' || i)::UUID AS exit_appearance_id,
md5('store' || s)::UUID AS store_id,
'yunet' AS detector, 'mobilefacenet' AS embedder, 'moodgate' AS emotion, now() AS created_at, draw(i, 12) AS quality,
CASE WHEN draw(i, 13) < 0.005 THEN 'neutral' END AS corrected_review, draw(i, 14) < 0.002 AS voided
FROM (SELECT *, draw(i, 7) - 0.5 AS before, draw(i, 8) + draw(i, 15) - 0.95 AS change FROM ({people})) ORDER BY d, s, moment"""
# for every three visits another entrance and another exit that came to nothing
_APPEARANCES = """
INSERT INTO appearances BY NAME SELECT md5(role || i || CASE WHEN k = 0 THEN '' ELSE 'x' END)::UUID AS appearance_id,
md5('film' || s || role || own || d)::UUID AS footage_id, md5('store' || s)::UUID AS store_id,
md5('camera' || s || role || own)::UUID AS camera_id, role, at_s - 1 AS start_s, at_s + 1 AS end_s, at_s AS best_s, 300.0 AS x,
200.0 AS y, 90.0 AS size_px, draw(i, 20) AS quality, 12 AS faces, CASE WHEN k = 0 THEN 'matched' WHEN draw(i, 21) < 0.5
THEN 'unusable' WHEN draw(i, 22) < 0.2 THEN 'ambiguous' ELSE 'unmatched' END AS status, {came} AS expression, 0.1 AS p_angry,
0.05 AS p_disgust, 0.05 AS p_fear, draw(i, 23) / 2 AS p_happy, 0.1 AS p_sad, 0.1 AS p_surprise,
0.6 - draw(i, 23) / 2 AS p_neutral, seen AT TIME ZONE 'Europe/Vienna' AS seen_at, seen AS local_at
FROM (SELECT *, CASE role WHEN 'entry' THEN door ELSE exit_door END AS own,
      sec - 28800 + CASE role WHEN 'entry' THEN 0 ELSE stay END AS at_s,
      moment + to_microseconds((CASE role WHEN 'entry' THEN 0 ELSE stay * 1e6 END)::BIGINT) AS seen
      FROM ({people}), (VALUES ('entry'), ('exit')) AS r(role), range(2) AS t(k) WHERE k = 0 OR i % 3 = 0)
ORDER BY d, s, role, seen"""


def make_visits(path: Path, visits: int) -> None:
    """A new store in that file with so many visits and 2.67 times as many appearances; the same each time."""
    given = {"stores": STORES, "days": DAYS, "first": FIRST, "visits": visits}
    looks = {"came": _EXPRESSION.format(draw="draw(i, 16)"), "left": _EXPRESSION.format(draw="draw(i, 17)")}
    with Store.open(path) as store, store.cursor() as cursor:
        cursor.execute(_DRAWS)
        for sql in (_STORES, _CAMERAS, _FOOTAGE):
            cursor.execute(sql.format(**given))
        for table in (_VISITS, _APPEARANCES):
            for low in range(0, visits, CHUNK):
                people = _PEOPLE.format(low=low, high=min(visits, low + CHUNK), **given)
                cursor.execute(table.format(people=people, **looks, **given))
        cursor.execute("CHECKPOINT")
