"""The tables of blind evaluations in ``review.sqlite``. Answers are rows that are added, never changed; the newest counts."""

from __future__ import annotations

TABLES = """
CREATE TABLE studies (
    id TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    made REAL NOT NULL
);

CREATE TABLE tasks (
    study TEXT NOT NULL REFERENCES studies,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    gold INTEGER NOT NULL,
    shown TEXT NOT NULL,
    hidden TEXT NOT NULL,
    words INTEGER NOT NULL,
    PRIMARY KEY (study, id)
) WITHOUT ROWID;

CREATE TABLE annotators (
    token TEXT PRIMARY KEY,
    study TEXT NOT NULL REFERENCES studies,
    name TEXT NOT NULL,
    UNIQUE (study, name)
);

CREATE TABLE assignments (
    study TEXT NOT NULL,
    annotator TEXT NOT NULL,
    position INTEGER NOT NULL,
    task TEXT NOT NULL,
    PRIMARY KEY (study, annotator, position),
    UNIQUE (study, annotator, task)
) WITHOUT ROWID;

CREATE TABLE showings (
    study TEXT NOT NULL,
    annotator TEXT NOT NULL,
    task TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (study, annotator, task)
) WITHOUT ROWID;

CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    study TEXT NOT NULL,
    annotator TEXT NOT NULL,
    task TEXT NOT NULL,
    answer TEXT NOT NULL,
    seconds REAL NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX answers_of ON answers (study, annotator, task, id);
"""
