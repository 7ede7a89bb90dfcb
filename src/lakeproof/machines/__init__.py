"""Results for other programs: monitoring, search, feeds, badges and job summaries."""
