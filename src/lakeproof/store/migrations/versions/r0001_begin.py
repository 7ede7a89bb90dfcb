"""The store as it began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint"),
        sa.UniqueConstraint("site", "name", name="uq_endpoint_site_name"),
    )
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("req", sa.Text(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=True),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
        sa.UniqueConstraint("check_id", "cell", name="uq_question_check_id_cell"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("suite_version", sa.Text(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imported", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("name", name="uq_run_name"),
    )
    op.create_index("ix_run_started", "run", ["started"])
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_words"),
        sa.UniqueConstraint("digest", name="uq_words_digest"),
    )
    op.create_table(
        "daily",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_daily_endpoint_id"),
        sa.PrimaryKeyConstraint("endpoint_id", "day", "suite", "outcome", name="pk_daily"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "detail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("actual", sa.Integer(), nullable=True),
        sa.Column("do", sa.Integer(), nullable=True),
        sa.Column("reproduce", sa.Integer(), nullable=True),
        sa.Column("known_issue", sa.Integer(), nullable=True),
        sa.Column("transcript", sa.Integer(), nullable=True),
        sa.Column("partner", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["actual"], ["words.id"], name="fk_detail_actual"),
        sa.ForeignKeyConstraint(["do"], ["words.id"], name="fk_detail_do"),
        sa.ForeignKeyConstraint(["expected"], ["words.id"], name="fk_detail_expected"),
        sa.ForeignKeyConstraint(["known_issue"], ["words.id"], name="fk_detail_known_issue"),
        sa.ForeignKeyConstraint(["partner"], ["words.id"], name="fk_detail_partner"),
        sa.ForeignKeyConstraint(["reproduce"], ["words.id"], name="fk_detail_reproduce"),
        sa.ForeignKeyConstraint(["transcript"], ["words.id"], name="fk_detail_transcript"),
        sa.PrimaryKeyConstraint("id", name="pk_detail"),
        sa.UniqueConstraint("digest", name="uq_detail_digest"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_series_endpoint_id"),
        sa.ForeignKeyConstraint(["question_id"], ["question.id"], name="fk_series_question_id"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint(
            "endpoint_id",
            "question_id",
            "partner",
            name="uq_series_endpoint_id_question_id_partner",
        ),
    )
    op.create_index("ix_series_question_id", "series", ["question_id"])
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("technology", sa.Text(), nullable=True),
        sa.Column("observed_version", sa.Text(), nullable=True),
        sa.Column("emulated", sa.Boolean(), nullable=False),
        sa.Column("tallies", sa.JSON(), nullable=False),
        sa.Column("rolled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_visit_endpoint_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_visit_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
        sa.UniqueConstraint("run_id", "endpoint_id", name="uq_visit_run_id_endpoint_id"),
    )
    op.create_index("ix_visit_endpoint_id_started", "visit", ["endpoint_id", "started"])
    op.create_index("ix_visit_started", "visit", ["started"])
    op.create_table(
        "extra",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("measured", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_extra_series_id"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_extra_visit_id"),
        sa.PrimaryKeyConstraint("visit_id", "series_id", name="pk_extra"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "result",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("flaky", sa.Boolean(), nullable=False),
        sa.Column("blame", sa.SmallInteger(), nullable=True),
        sa.Column("after_ms", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("detail_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_result_series_id"),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name="fk_result_visit_id"),
        sa.PrimaryKeyConstraint("visit_id", "series_id", name="pk_result"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "span",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("flaky", sa.Boolean(), nullable=False),
        sa.Column("first_visit_id", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_visit_id", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["first_visit_id"], ["visit.id"], name="fk_span_first_visit_id"),
        sa.ForeignKeyConstraint(["last_visit_id"], ["visit.id"], name="fk_span_last_visit_id"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_span_series_id"),
        sa.PrimaryKeyConstraint("id", name="pk_span"),
    )
    op.create_index("ix_span_first_at", "span", ["first_at"])
    op.create_index("ix_span_first_visit_id", "span", ["first_visit_id"])
    op.create_index("ix_span_series_id_first_at", "span", ["series_id", "first_at"])
