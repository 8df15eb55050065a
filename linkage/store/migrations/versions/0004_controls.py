"""What planted controls showed of each round."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "control_result",
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id", name="fk_control_result_round_id"), primary_key=True),
        sa.Column("parameters", sa.String(64), nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.Column("chosen", sa.JSON, nullable=False),
        sa.Column("unread", sa.JSON, nullable=False),
    )
    op.create_index("ix_control_result_parameters", "control_result", ["parameters"])


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
