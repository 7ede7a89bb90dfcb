"""The mesh of copies between endpoints: what was seen, who is suspected, and whose turn it is."""
