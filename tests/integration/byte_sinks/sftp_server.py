"""``python -m tests.integration.byte_sinks.sftp_server FOLDER ORDERS``: an SFTP server of asyncssh's, until standard input ends.

Prints one line of JSON: its port, its key, and the key of the user. In the folder ORDERS it finds what a test wants of it, see
`tests.integration.byte_sinks.sftp.Orders`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import asyncssh

from tests.integration.byte_sinks.sftp import PASSWORD, USER, Orders


async def serve(folder: Path, orders: Orders) -> None:
    """Offer a folder as the root."""

    class Server(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return username == USER and password in (PASSWORD, orders.read("password"))

    class Files(asyncssh.SFTPServer):
        async def write(self, file_obj: object, offset: int, data: bytes) -> int:
            if reason := orders.read("refuse"):
                raise asyncssh.SFTPFailure(reason)
            while orders.read("hold"):
                orders.give("held", "yes")
                await asyncio.sleep(0.02)  # what is said there cannot be waited for
            written = super().write(file_obj, offset, data)
            assert isinstance(written, int)
            return written

    host_key, user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    orders.give("keys", user_key.export_public_key().decode())
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Server,
        server_host_keys=[host_key],
        authorized_client_keys=str(orders.folder / "keys"),
        sftp_factory=lambda channel: Files(channel, chroot=str(folder).encode()),
    )
    about = {
        "port": server.get_port(),
        "host_key": " ".join(host_key.export_public_key().decode().split()[:2]),
        "user_key": user_key.export_private_key().decode(),
    }
    print(json.dumps(about), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), Orders(Path(sys.argv[2]))))
