"""The clients that people have: gfal2, davix, curl and XRootD's, each run as they run it."""
