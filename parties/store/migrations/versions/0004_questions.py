"""Which of its own records an authority was asked about, and what it answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ANSWERS = ("former_surname", "earlier_postcode", "second_date_of_birth", "middle_names", "other_forename")


def upgrade() -> None:
    op.create_table(
        "asked_record",
        sa.Column("file", sa.String(16), primary_key=True),
        sa.Column("record_id", sa.String(200), primary_key=True),
        sa.Column("round_id", sa.String(64), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ANSWERS),
    )
    op.create_index("ix_asked_record_round_id", "asked_record", ["round_id"])


def downgrade() -> None:
    op.drop_table("asked_record")
