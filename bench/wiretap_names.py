"""The variables through which `bench/one_endpoint` talks to its wiretap."""

BEGAN = "LAKEPROOF_BENCH_BEGAN"
INTO = "LAKEPROOF_BENCH_INTO"
