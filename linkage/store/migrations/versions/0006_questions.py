"""Questions to authorities about their own records, sealed to their desks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "questions",
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id", name="fk_questions_round_id"), primary_key=True),
        sa.Column("authority", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("minted_at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
