"""The lawful basis of every custodian of a round; none is without a note of why it is necessary."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "round_basis",
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id", name="fk_round_basis_round_id"), primary_key=True),
        sa.Column("organisation", sa.String(64), primary_key=True),
        sa.Column("power", sa.String(32), nullable=False),
        sa.Column("necessity", sa.Text, nullable=False),
        sa.Column("expires_on", sa.String(32), nullable=False),
        sa.CheckConstraint("length(trim(necessity)) >= 40", name="says_why"),
    )


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
