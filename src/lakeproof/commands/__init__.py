"""The subcommands of `lakeproof`, a module each; lake, demo, check and run live in their rooms."""
