"""Whether Rucio can use an endpoint, how, and what to tell Rucio, from the results of a run."""
