"""The root:// protocol: XRootD's own client in a process of its own, and single frames by hand."""
