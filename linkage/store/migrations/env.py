"""Runs migrations on the connection that `linkage.store.engine.migrate` passes in; there is no other way in."""

from alembic import context

from linkage.store.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
