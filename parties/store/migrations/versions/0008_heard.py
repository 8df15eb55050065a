"""On which day a child was heard."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_event", sa.Column("happened_on", sa.String(10), nullable=True))


def downgrade() -> None:
    op.drop_column("case_event", "happened_on")
