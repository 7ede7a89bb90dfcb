"""The pages that people read: static HTML from the results store, readable without a server."""
