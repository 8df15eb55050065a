"""Which master key wraps a round's storage key: none yet, for those of earlier releases, which the service wraps when it starts."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; the keys themselves are for the service, which has the keyring."""
    op.add_column("round", sa.Column("storage_master", sa.Integer, nullable=True))


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
