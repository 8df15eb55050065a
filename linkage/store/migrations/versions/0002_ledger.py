"""The privacy ledger: budgets, noised releases, refusals."""

from validation.disclosure.tables import make_ledger

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    make_ledger()


def downgrade() -> None:
    """Refuse: what was spent stays spent."""
    raise NotImplementedError
