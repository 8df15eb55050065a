"""Whose parent's record a case is about, so that the parent can be told what is held."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_event", sa.Column("carer_id", sa.String(200), nullable=True))


def downgrade() -> None:
    op.drop_column("case_event", "carer_id")
