"""A stand-in for FTS, the File Transfer Service: its REST interface, and copies made by itself.

Not FTS: it speaks the part of FTS3 REST that Rucio and operators use, makes the copies in the
order in which FTS makes them, and fails with FTS's words. Its version answer says what it is.
"""
