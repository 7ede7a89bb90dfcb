"""Where inventories come from: what Rucio, CRIC and storage resource reports say of endpoints."""
