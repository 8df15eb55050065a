"""Open and migrate the node's database, an SQLite file that only its owner may read."""

from importlib import resources

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from parties.settings import NodeSettings
from validation.sqlite_file import open_sqlite

STORE_FILE = "node.sqlite"


def open_node_store(settings: NodeSettings) -> Engine:
    """Return the engine of the node's database, made and brought to the newest version where needed.

    Statements' parameters never reach a log or traceback.
    """
    engine = open_sqlite(settings.path(STORE_FILE))
    with engine.begin() as connection:
        command.upgrade(_migrations(connection), "head")
    return engine


def _migrations(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("parties.store") / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
