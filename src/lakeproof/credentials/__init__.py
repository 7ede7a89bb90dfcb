"""Where tokens and certificates come from, and what they may be asked for; no secret is kept."""
