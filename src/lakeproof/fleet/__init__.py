"""The scheduled fleet: a pipeline that tries every endpoint, and the mesh in turns."""
