"""The tables of a privacy ledger and what guards them, as migrations make them. Never changed: a later shape is a later migration.

What is spent stays spent; what was answered stays answered.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

_BUDGET_RULE = "NEW.spent_micro_rho < OLD.spent_micro_rho OR NEW.total_micro_rho <> OLD.total_micro_rho OR NEW.budget_id <> OLD.budget_id"
_GUARDS = (  # table, statement, when (always, if None), what is said
    ("budget", "UPDATE", _BUDGET_RULE, "budget: what is spent never falls and the total never changes"),
    ("budget", "DELETE", None, "budget: rows stay"),
    ("noised_release", "UPDATE", None, "noised_release is append-only"),
    ("noised_release", "DELETE", None, "noised_release is append-only"),
    ("refusal", "UPDATE", None, "refusal is append-only"),
    ("refusal", "DELETE", None, "refusal is append-only"),
)


def make_ledger() -> None:
    """Make the tables and the triggers, within a migration."""
    op.create_table(
        "budget",
        sa.Column("budget_id", sa.String(128), primary_key=True),
        sa.Column("total_micro_rho", sa.Integer, nullable=False),
        sa.Column("spent_micro_rho", sa.Integer, nullable=False),
        sa.CheckConstraint("0 <= spent_micro_rho AND spent_micro_rho <= total_micro_rho", name="is_kept"),
    )
    op.create_table(
        "noised_release",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("budget_id", sa.String(128), sa.ForeignKey("budget.budget_id", name="fk_noised_release_budget_id"), nullable=False),
        sa.Column("query_sha256", sa.String(64), nullable=False),
        sa.Column("snapshot_sha256", sa.String(64), nullable=False),
        sa.Column("micro_rho", sa.Integer, nullable=False),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.Column("released_at", sa.String(32), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("micro_rho > 0", name="costs"),
        sa.UniqueConstraint(
            "budget_id", "query_sha256", "snapshot_sha256", name="uq_noised_release_budget_id_query_sha256_snapshot_sha256"
        ),
    )
    op.create_table(
        "refusal",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("budget_id", sa.String(128), nullable=False),
        sa.Column("query_sha256", sa.String(64), nullable=False),
        sa.Column("micro_rho", sa.Integer, nullable=False),
        sa.Column("refused_at", sa.String(32), nullable=False),
    )
    statements = {"sqlite": _sqlite_guards, "postgresql": _postgresql_guards}[op.get_bind().dialect.name]
    for statement in statements():
        op.execute(statement)


def _sqlite_guards() -> Iterator[str]:
    for table, event, when, says in _GUARDS:
        condition = f"WHEN {when} " if when else ""
        yield f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} {condition}BEGIN SELECT RAISE(ABORT, '{says}'); END"


def _postgresql_guards() -> Iterator[str]:
    yield "CREATE FUNCTION ledger_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$"
    for table, event, when, says in _GUARDS:
        condition = f"WHEN ({when}) " if when else ""
        yield f"CREATE TRIGGER {table}_{event.lower()} BEFORE {event} ON {table} FOR EACH ROW {condition}EXECUTE FUNCTION ledger_guard('{says}')"
    for table in ("budget", "noised_release", "refusal"):
        yield f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION ledger_guard('{table}: rows stay')"
