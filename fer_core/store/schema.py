"""The tables, and how a database of an older version becomes one of today's.

A migration, once released, is never edited: later ones are added below it. A database that today's version wrote opens
in every later one; one that a later version wrote is refused by `StoreVersionError`.

There are no foreign keys: DuckDB checks them against the rows from before the transaction, so that films and their
visits could not be replaced in one transaction. `write` keeps the references whole instead.
"""

import duckdb

from fer_core.errors import NotAStoreError, StoreVersionError

APPLICATION = "moodgate"

_VERSION_1 = """
CREATE TABLE meta (
    application VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    writes BIGINT NOT NULL
);
INSERT INTO meta VALUES ('moodgate', 0, 0);

CREATE TABLE stores (
    store_id UUID PRIMARY KEY,
    name VARCHAR NOT NULL UNIQUE,
    time_zone VARCHAR NOT NULL DEFAULT 'UTC',
    is_sample BOOLEAN NOT NULL DEFAULT false
);

CREATE TABLE cameras (
    camera_id UUID PRIMARY KEY,
    store_id UUID NOT NULL,
    name VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    door VARCHAR NOT NULL
);

CREATE TABLE footage (
    footage_id UUID PRIMARY KEY,
    store_id UUID NOT NULL,
    camera_id UUID NOT NULL,
    role VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    film VARCHAR NOT NULL,
    start_at TIMESTAMPTZ,
    duration_s DOUBLE NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    warnings VARCHAR[] NOT NULL,
    detector VARCHAR NOT NULL,
    embedder VARCHAR NOT NULL,
    emotion VARCHAR NOT NULL,
    analysed_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE appearances (
    appearance_id UUID PRIMARY KEY,
    footage_id UUID NOT NULL,
    store_id UUID NOT NULL,
    camera_id UUID NOT NULL,
    role VARCHAR NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    best_s DOUBLE NOT NULL,
    x DOUBLE,
    y DOUBLE,
    size_px DOUBLE,
    quality DOUBLE,
    faces INTEGER NOT NULL,
    status VARCHAR NOT NULL,
    expression VARCHAR,
    p_angry REAL,
    p_disgust REAL,
    p_fear REAL,
    p_happy REAL,
    p_sad REAL,
    p_surprise REAL,
    p_neutral REAL,
    seen_at TIMESTAMPTZ,
    local_at TIMESTAMP
);

CREATE TABLE series (
    appearance_id UUID NOT NULL,
    samples INTEGER NOT NULL,
    times_s BLOB NOT NULL,
    weights BLOB NOT NULL,
    probabilities BLOB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE visits (
    visit_id UUID PRIMARY KEY,
    store VARCHAR NOT NULL,
    entry_time_s DOUBLE NOT NULL,
    exit_time_s DOUBLE NOT NULL,
    entry_x DOUBLE,
    entry_y DOUBLE,
    exit_x DOUBLE,
    exit_y DOUBLE,
    entered_at TIMESTAMPTZ,
    exited_at TIMESTAMPTZ,
    local_at TIMESTAMP,
    dwell_s DOUBLE,
    entry_expression VARCHAR,
    exit_expression VARCHAR,
    entry_valence DOUBLE,
    exit_valence DOUBLE,
    change DOUBLE,
    change_se DOUBLE,
    camera_offset DOUBLE,
    review VARCHAR NOT NULL,
    match_probability DOUBLE,
    runner_up DOUBLE,
    entry_film VARCHAR NOT NULL,
    exit_film VARCHAR NOT NULL,
    entry_door VARCHAR NOT NULL,
    exit_door VARCHAR NOT NULL,
    entry_appearance_id UUID NOT NULL,
    exit_appearance_id UUID NOT NULL,
    store_id UUID NOT NULL,
    detector VARCHAR NOT NULL,
    embedder VARCHAR NOT NULL,
    emotion VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
"""

_VERSION_2 = """
ALTER TABLE stores ADD COLUMN opening_hours VARCHAR;
ALTER TABLE stores ADD COLUMN retention_days INTEGER;
ALTER TABLE stores ADD COLUMN categories VARCHAR;
ALTER TABLE stores ADD COLUMN offset_enabled BOOLEAN NOT NULL DEFAULT true;

ALTER TABLE cameras ADD COLUMN zones VARCHAR;

ALTER TABLE visits ADD COLUMN quality DOUBLE;
ALTER TABLE visits ADD COLUMN corrected_review VARCHAR;
ALTER TABLE visits ADD COLUMN voided BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE visits ADD COLUMN categories VARCHAR NOT NULL DEFAULT 'standard';
ALTER TABLE visits ADD COLUMN categories_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE visits ADD COLUMN is_sample BOOLEAN NOT NULL DEFAULT false;

UPDATE visits SET quality = least(came.quality, gone.quality)
FROM appearances AS came, appearances AS gone
WHERE came.appearance_id = entry_appearance_id AND gone.appearance_id = exit_appearance_id;
UPDATE visits SET is_sample = stores.is_sample FROM stores WHERE stores.store_id = visits.store_id;

CREATE TABLE corrections (
    correction_id UUID NOT NULL,
    visit_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    review VARCHAR,
    reason VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL,
    undone_at TIMESTAMPTZ,
    store_id UUID
);

CREATE TABLE categories (
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    classes VARCHAR NOT NULL,
    valence DOUBLE[7] NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE camera_offsets (
    store_id UUID NOT NULL,
    entry_camera_id UUID NOT NULL,
    exit_camera_id UUID NOT NULL,
    value DOUBLE NOT NULL,
    se DOUBLE NOT NULL,
    visits BIGINT NOT NULL,
    days INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE settings (
    key VARCHAR PRIMARY KEY,
    value VARCHAR
);

CREATE TABLE jobs (
    job_id UUID PRIMARY KEY,
    kind VARCHAR NOT NULL,
    store VARCHAR,
    title VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    payload JSON,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    error VARCHAR,
    result JSON
);
"""

_VERSION_3 = """
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    actor VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    store VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    previous VARCHAR NOT NULL,
    hash VARCHAR NOT NULL
);

CREATE TABLE notices (
    notice_id UUID PRIMARY KEY,
    store_id UUID NOT NULL,
    region VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    languages VARCHAR[] NOT NULL,
    cameras UUID[] NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    recorded_by VARCHAR NOT NULL,
    withdrawn_at TIMESTAMPTZ
);

CREATE TABLE answers (
    answer_id UUID PRIMARY KEY,
    store_id UUID NOT NULL,
    door VARCHAR NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    value INTEGER NOT NULL
);
"""

_VERSION_4 = """
CREATE TABLE accounts (
    account_id UUID PRIMARY KEY,
    name VARCHAR NOT NULL UNIQUE,
    role VARCHAR NOT NULL,
    password VARCHAR NOT NULL,
    stores UUID[] NOT NULL,
    subject VARCHAR,
    must_change BOOLEAN NOT NULL DEFAULT false,
    disabled BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE sessions (
    digest VARCHAR PRIMARY KEY,
    account_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    agent VARCHAR NOT NULL
);

CREATE TABLE tokens (
    token_id UUID PRIMARY KEY,
    digest VARCHAR NOT NULL UNIQUE,
    store_id UUID NOT NULL,
    purpose VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ
);
"""

_VERSION_5 = """
ALTER TABLE stores ADD COLUMN privacy_mode VARCHAR NOT NULL DEFAULT 'visit';
ALTER TABLE stores ADD COLUMN evidence BOOLEAN NOT NULL DEFAULT false;

CREATE TABLE tallies (
    store_id UUID NOT NULL,
    camera_id UUID NOT NULL,
    footage_id UUID,
    zone VARCHAR NOT NULL DEFAULT '',
    hour_at TIMESTAMPTZ NOT NULL,
    expression VARCHAR NOT NULL,
    faces DOUBLE NOT NULL,
    seconds DOUBLE NOT NULL
);

CREATE TABLE people (
    person_id UUID PRIMARY KEY,
    store_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    consented_at TIMESTAMPTZ NOT NULL,
    recorded_by VARCHAR NOT NULL,
    revoked_at TIMESTAMPTZ
);

CREATE TABLE templates (
    person_id UUID NOT NULL,
    store_id UUID NOT NULL,
    embedder VARCHAR NOT NULL,
    template FLOAT[] NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE evidence (
    evidence_id UUID PRIMARY KEY,
    store_id UUID NOT NULL,
    visit_id UUID NOT NULL,
    role VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
"""

_VERSION_6 = """
ALTER TABLE cameras ADD COLUMN source VARCHAR;
ALTER TABLE cameras ADD COLUMN running BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE cameras ADD COLUMN measuring VARCHAR;

CREATE TABLE sightings (
    sighting_id UUID PRIMARY KEY,
    store_id UUID NOT NULL,
    taken_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE alert_rules (
    rule_id UUID PRIMARY KEY,
    store_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    limits VARCHAR NOT NULL,
    channels VARCHAR NOT NULL,
    enabled BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE alerts (
    alert_id UUID PRIMARY KEY,
    rule_id UUID NOT NULL,
    store_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    sentence VARCHAR NOT NULL,
    raised_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    seen_at TIMESTAMPTZ,
    delivered VARCHAR NOT NULL
);
"""

_VERSIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)
MIGRATIONS: tuple[tuple[int, str], ...] = tuple(enumerate(_VERSIONS, 1))
"""(version, SQL) in order: each takes a database of the version before to its own."""


def found_version(cursor: duckdb.DuckDBPyConnection, name: str) -> int:
    """The version of the open database: 0 where it holds no table at all. `name` is the file's, for the sentence.

    Raises NotAStoreError where the tables are somebody else's.
    """
    tables = {row[0] for row in cursor.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()}
    if not tables:
        return 0
    try:
        row = cursor.execute("SELECT application, version FROM meta").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):
        row = None
    if row is None or row[0] != APPLICATION:
        raise NotAStoreError(f"{name}: a DuckDB database, but not one of Moodgate's (it holds other tables)")
    return int(row[1])


def check_version(version: int, name: str, migrations: tuple[tuple[int, str], ...] = MIGRATIONS) -> None:
    """StoreVersionError where the database is newer than the newest migration."""
    newest = migrations[-1][0]
    if version > newest:
        raise StoreVersionError(
            f"{name}: made by a newer version of Moodgate (its tables have version {version}, "
            f"this one knows up to {newest}); update Moodgate"
        )


def migrate(cursor: duckdb.DuckDBPyConnection, name: str, migrations: tuple[tuple[int, str], ...] = MIGRATIONS) -> None:
    """Bring the open database to the newest version, all steps in one transaction.

    Raises NotAStoreError, StoreVersionError, or DuckDB's own error; the database is then as it was.
    """
    version = found_version(cursor, name)
    check_version(version, name, migrations)
    steps = [(number, sql) for number, sql in migrations if number > version]
    if not steps:
        return
    cursor.execute("BEGIN")
    for number, sql in steps:
        cursor.execute(sql)
        cursor.execute("UPDATE meta SET version = ?", [number])
    cursor.execute("COMMIT")
