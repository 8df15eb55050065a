"""The privacy ledger of an authority's desk, which pays for the counts of outcomes that it returns."""

from validation.disclosure.tables import make_ledger

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    make_ledger()


def downgrade() -> None:
    """Refuse: what was spent stays spent."""
    raise NotImplementedError
