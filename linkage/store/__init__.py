"""The service's database: tables, engine, migrations, and the append-only audit log."""
