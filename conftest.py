"""Makes `pytest` in this checkout (or in the installed package) the same as `lakeproof run`."""

pytest_plugins = (
    "lakeproof.plugin",
    "fixtures.endpoint",
    "fixtures.partner",
    "fixtures.observer",
    "fixtures.tokens",
    "fixtures.embargo",
    "fixtures.cache",
    "fixtures.macaroons",
    "fixtures.matrix",
    "fixtures.proxies",
    "fixtures.clients",
    "fixtures.issuer",
    "fixtures.fts",
    "fixtures.payloads",
    "fixtures.figures",
    "fixtures.report",
    "fixtures.tape",
    "fixtures.rucio",
    "fixtures.root",
)
