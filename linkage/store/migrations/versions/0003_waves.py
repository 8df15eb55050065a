"""The waves of the second look: what each responder is asked, and what it answered. Names of parts are longer."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and room for the names of slots' parts."""
    op.create_table(
        "asked",
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id", name="fk_asked_round_id"), primary_key=True),
        sa.Column("wave", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("organisation", sa.String(64), primary_key=True),
        sa.Column("requests", sa.JSON, nullable=False),
        sa.Column("answers", sa.JSON),
    )
    with op.batch_alter_table("chunk") as chunk:
        chunk.alter_column("part", type_=sa.String(64), existing_type=sa.String(32), existing_nullable=False)


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
