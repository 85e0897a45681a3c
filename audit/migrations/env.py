"""What alembic runs: the scripts, on the connection and in the transaction that it is given."""

from alembic import context

_BY_ALEMBIC = "env_py"  # the name under which alembic loads this file; importing it has no effect


def run() -> None:
    """Run the scripts that are due. The caller's transaction commits them or takes them back."""
    context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


if __name__ == _BY_ALEMBIC:
    run()
