"""One run and its endpoints: plan, reachability, credentials, work directory, clean-up."""
