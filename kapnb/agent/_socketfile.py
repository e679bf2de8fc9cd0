"""The file a Unix socket is reached by: put in place whole, never over a living server.

The only code that creates, replaces or removes a socket's file. It never deletes what is no
socket, nor a socket at which somebody answers.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from kapnb.errors import TargetError

__all__ = ["SocketFile"]

#: What `sockaddr_un` holds, less the closing zero byte.
PATH_BYTES_MAX = 107
#: Connections that may wait to be accepted; Kapacitor opens a task's all at once.
BACKLOG = 128


class SocketFile:
    """A path that a listening socket is, or will be, bound to.

    Parameters
    ----------
    path : str or path
        Its directory must exist.
    mode : int, default: 0o600
        Permissions of the file. To connect is to write: Kapacitor's user needs ``w``.
    """

    def __init__(self, path: str | os.PathLike[str], mode: int = 0o600) -> None:
        self.path = Path(path)
        self.mode = mode
        self._identity: tuple[int, int] | None = None  # of our file: device and inode

    def check(self) -> None:
        """Refuse a path that could not be listened at.

        Raises
        ------
        TargetError
            If the path is too long, its directory is missing, something other than a socket
            is there, or a server answers.
        """
        directory = self.path.parent
        longest = max(len(os.fsencode(self.path)), len(os.fsencode(directory)) + 9)
        if longest > PATH_BYTES_MAX:
            raise TargetError(
                f"{self.path}: the path of a Unix socket may have {PATH_BYTES_MAX} bytes, its "
                f"directory {PATH_BYTES_MAX - 9}; choose a shorter one, such as /run/kapnb/NAME"
            )
        if not directory.is_dir():
            raise TargetError(f"{self.path}: there is no directory {directory}; make it first")
        self._check_place()

    def listen(self) -> socket.socket:
        """Return a listening socket whose file has just appeared at the path.

        A socket that nobody listens at any more is replaced: the new one is bound beside it
        and renamed over it, so the path leads at every moment to the old or to the new.

        Raises
        ------
        TargetError
            As `check`, and if the file cannot be made.
        """
        self.check()
        beside = self.path.with_name(f".{secrets.token_hex(3)}~")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with self._locked():  # of two servers that start at once, one sees the other
                self._check_place()  # again, now that nobody else can change it
                listener.bind(os.fspath(beside))
                # Nobody can connect before listen(), so no moment has wider permissions.
                beside.chmod(self.mode)
                listener.listen(BACKLOG)
                status = beside.stat()
                self._identity = status.st_dev, status.st_ino
                beside.replace(self.path)
        except BaseException as error:
            listener.close()
            with contextlib.suppress(OSError):
                beside.unlink()
            if isinstance(error, OSError):
                raise TargetError(
                    f"{self.path}: the socket cannot be made: {error.strerror}; this user must "
                    f"be able to write to {self.path.parent}"
                ) from error
            raise
        return listener

    def remove(self) -> None:
        """Remove the file, unless another server has put its own there."""
        with contextlib.suppress(FileNotFoundError), self._locked():
            status = self.path.lstat()
            if (status.st_dev, status.st_ino) == self._identity:
                self.path.unlink()

    def _check_place(self) -> None:
        """Refuse what is at the path, unless it is a socket that nobody listens at."""
        try:
            status = self.path.lstat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise TargetError(f"{self.path}: {error.strerror}") from error
        if not stat.S_ISSOCK(status.st_mode):
            raise TargetError(
                f"{self.path} is there and is no socket; it is not touched: choose another path "
                "or remove it yourself"
            )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            found = probe.connect_ex(os.fspath(self.path))
        if found in (errno.ECONNREFUSED, errno.ENOENT):  # ENOENT: gone since
            return
        if found in (0, errno.EAGAIN):  # EAGAIN: somebody listens, and many wait
            raise TargetError(
                f"{self.path} is in use by a running server; stop that one or choose another path"
            )
        raise TargetError(
            f"{self.path}: whether a server is running there cannot be told: "
            f"{os.strerror(found)}; remove the file if there is none"
        )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the directory against other servers that replace or remove a socket in it."""
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)
