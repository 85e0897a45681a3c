"""What each cluster answered last to "could the primary be changed now", and whether the channel was told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table of answers."""
    op.create_table(
        "readiness",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("cluster", "answer")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("turn", "told")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("since", "body")),
        sa.PrimaryKeyConstraint("cluster"),
        if_not_exists=True,
    )
