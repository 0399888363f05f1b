"""Which destination is the same as before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.ingest.spec import S3Access, Target
from workers.payloads.datasource.identity import identity_of

SERVER = Target(kind="postgresql", schema="s", table="t", conninfo="host=a port=1 dbname=d user=u password=p")
DATABASE = Target(kind="sqlalchemy", table="t", url="mysql+pymysql://u:p@a:1/d")
BUCKET = Target(kind="files", path="s3://a/t.parquet", s3=S3Access("http://a", "", "key", "secret"))


class TestIdentity:
    @pytest.mark.parametrize(
        ("target", "other"),
        [
            (SERVER, {"conninfo": "dbname=d user=v password=q host=a port=1 sslmode=require"}),
            (DATABASE, {"url": "mysql+pymysql://v:q@a:1/d?charset=utf8mb4"}),
            (BUCKET, {"s3": S3Access("http://a", "eu", "other", "keys"), "format": "parquet"}),
        ],
    )
    def test_another_user_and_another_password_go_to_the_same(self, target: Target, other: dict[str, object]) -> None:
        assert identity_of(replace(target, **other)) == identity_of(target)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("target", "other"),
        [
            (SERVER, {"conninfo": "host=b port=1 dbname=d"}),
            (SERVER, {"conninfo": "host=a port=2 dbname=d"}),
            (SERVER, {"conninfo": "host=a port=1 dbname=e"}),
            (SERVER, {"schema": "other"}),
            (SERVER, {"table": "other"}),
            (DATABASE, {"url": "mysql+pymysql://u:p@b:1/d"}),
            (DATABASE, {"url": "mysql+pymysql://u:p@a:2/d"}),
            (DATABASE, {"url": "mysql+pymysql://u:p@a:1/e"}),
            (DATABASE, {"url": "mssql+pymssql://u:p@a:1/d"}),
            (BUCKET, {"path": "s3://b/t.parquet"}),
            (BUCKET, {"s3": S3Access("http://b")}),
        ],
    )
    def test_another_place_is_another(self, target: Target, other: dict[str, object]) -> None:
        assert identity_of(replace(target, **other)) != identity_of(target)  # type: ignore[arg-type]
