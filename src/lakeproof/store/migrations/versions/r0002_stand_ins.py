"""Which services took part that are not the real thing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    """Of older runs nobody has said that there was one."""
    stand_ins = sa.Column("stand_ins", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("visit", stand_ins)
