"""``python -m tests.integration.byte_sinks.sftp_server FOLDER``: an SFTP server of asyncssh's, until standard input ends.

Prints one line of JSON: its port, its key, and the key of the user.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import asyncssh

from tests.integration.byte_sinks.sftp import PASSWORD, USER


class _Server(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


async def serve(folder: Path) -> None:
    """Offer a folder as the root."""
    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    known = folder.parent / "authorized_keys"
    known.write_bytes(user_key.export_public_key())
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Server,
        server_host_keys=[host_key],
        authorized_client_keys=str(known),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
    )
    about = {
        "port": server.get_port(),
        "host_key": " ".join(host_key.export_public_key().decode().split()[:2]),
        "user_key": user_key.export_private_key().decode(),
    }
    print(json.dumps(about), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
