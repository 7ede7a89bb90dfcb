"""How older stores become this version's; run by Alembic when a store is opened."""
