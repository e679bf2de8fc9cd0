"""The command line of an exported script.

Started without arguments, as Kapacitor does it, a script serves stdio, and nothing more than
that is imported. With arguments it serves a socket, explains itself, or checks itself.
"""

from kapnb.script._start import prepare, serve

__all__ = ["prepare", "serve"]
