"""A revision after the newest one: it adds a column, forbids NULL in it, and changes one that is there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import migrations

revision = "9999"
down_revision = migrations.head()
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("issue_flow") as table:  # it has an index with a condition
        table.add_column(sa.Column("mood", sa.String(), nullable=True, comment="Mood"))
    op.execute("UPDATE issue_flow SET mood = 'calm'")
    with op.batch_alter_table("issue_flow") as table:
        table.alter_column("mood", existing_type=sa.String(), existing_comment="Mood", nullable=False)
        table.create_index(op.f("ix_issue_flow_mood"), ["mood"])
    with op.batch_alter_table("issues") as table:
        table.alter_column("priority", new_column_name="urgency", existing_type=sa.String())


def downgrade() -> None:
    with op.batch_alter_table("issues") as table:
        table.alter_column("urgency", new_column_name="priority", existing_type=sa.String())
    with op.batch_alter_table("issue_flow") as table:
        table.drop_index(op.f("ix_issue_flow_mood"))
        table.drop_column("mood")
