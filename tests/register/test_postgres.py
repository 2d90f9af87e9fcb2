"""A real PostgreSQL server: tables in either language, typed columns, and addresses that no message repeats."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import adbc_driver_postgresql.dbapi as adbc
import pytest

from eligibility.errors import InputError
from eligibility.register.importing import import_register
from eligibility.register.store import open_register
from eligibility.ruleset import Ruleset
from tests.register.office import CHILD, MOTHER, csv_folder


def _binaries() -> Path | None:
    """Where the programs of a server are."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(
        (place for place in places if (place / "pg_ctl").exists() and (place / "initdb").exists()), None
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of its own; it refuses to run as root, so root becomes somebody else."""
    binaries = _binaries()
    if binaries is None:
        if "CI" in os.environ:
            pytest.fail("no PostgreSQL server is installed")
        pytest.skip("no PostgreSQL server is installed")
    folder = Path(mkdtemp(prefix="register-"))
    user = None
    if os.geteuid() == 0:
        user = next((name for name in ("postgres", "nobody") if _exists(name)), None)
        assert user is not None
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        subprocess.run(
            command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, env={"LC_ALL": "C"}
        )

    data, port = str(folder / "data"), _free_port()
    try:
        run(str(binaries / "initdb"), "-D", data, "-U", "office", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -h 127.0.0.1 -k {folder} -F"
        run(str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://office@127.0.0.1:{port}/postgres"
        finally:
            run(str(binaries / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _exists(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


def execute(address: str, *statements: str) -> None:
    with adbc.connect(address) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        connection.commit()


@pytest.fixture
def database(server: str, request: pytest.FixtureRequest) -> str:
    """An empty schema of its own."""
    schema = f"s{zlib.crc32(request.node.name.encode())}"
    execute(server, f"DROP SCHEMA IF EXISTS {schema} CASCADE", f"CREATE SCHEMA {schema}")
    return f"{server}?options=-csearch_path%3D{schema}"


_ENGLISH = (
    """CREATE TABLE households (household_id text, region varchar(12), monetary_assets numeric(14,2), dwellings int2,
       remarks text)""",
    """CREATE TABLE persons (household_id text, member_id int, name text, identity_number char(18), birth_date date,
       relation_to_head text, local_hukou boolean, "income.工资性收入" numeric)""",
    "INSERT INTO households VALUES ('0012','110199001001',1234.50,1,'x'), ('12','110199001002',NULL,0,NULL)",
    f"""INSERT INTO persons VALUES ('0012',2,'张小','{CHILD}',NULL,'子女',true,NULL),
       ('12',1,'李二',NULL,'1960-01-02','户主',true,0), ('0012',1,'张一','{MOTHER}',NULL,'户主',true,2400)""",
)


def test_typed_tables_in_english_give_the_same_register(
    database: str, tmp_path: Path, beijing: Ruleset
) -> None:
    import_register(csv_folder(tmp_path / "来"), tmp_path / "csv.arrow", beijing)
    execute(database, *_ENGLISH)
    report = import_register(database, tmp_path / "pg.arrow", beijing)
    assert report.problems == ()
    assert (report.households, report.persons) == (2, 3)
    assert open_register(tmp_path / "pg.arrow").digest == open_register(tmp_path / "csv.arrow").digest
    assert "households：不读的列：remarks" in report.notices
    assert any("次序" in notice for notice in report.notices)


def test_tables_in_chinese_and_wrong_rows(database: str, tmp_path: Path, beijing: Ruleset) -> None:
    execute(
        database,
        'CREATE TABLE "家庭" ("家庭编号" int, "货币财产" float8)',
        'CREATE TABLE "成员" ("家庭编号" int, "身份证号" bigint)',
        'INSERT INTO "家庭" VALUES (2, 12.5), (1, 0.1 + 0.22::float8 / 3)',
        f'INSERT INTO "成员" VALUES (1, NULL), (2, {MOTHER.replace("X", "0")})',
    )
    report = import_register(database, tmp_path / "r.arrow", beijing)
    codes = [(problem.table, problem.row, problem.household, problem.code) for problem in report.problems]
    assert ("家庭", 1, "1", "cell-money-fraction") in codes
    assert ("成员", 1, "1", "same-household") in codes
    assert report.rows_in == 4


def test_what_cannot_be_read(database: str, tmp_path: Path, beijing: Ruleset) -> None:
    def refused() -> InputError:
        with pytest.raises(InputError) as caught:
            import_register(database, tmp_path / "r.arrow", beijing)
        return caught.value

    assert refused().code == "database-no-table"
    execute(
        database,
        "CREATE TABLE households (household_id text, region text[])",
        "CREATE TABLE persons (x text)",
    )
    assert refused().code == "table-type"
    execute(
        database, "ALTER TABLE households DROP COLUMN region", "ALTER TABLE persons RENAME x TO household_idd"
    )
    assert refused().code in ("table-unknown-column", "table-no-header")
    execute(database, 'CREATE TABLE "家庭" (household_id text)')
    assert refused().code == "database-table-twice"


def test_no_message_repeats_the_address(tmp_path: Path, beijing: Ruleset) -> None:
    address = f"postgresql://office:secret@127.0.0.1:{_free_port()}/postgres"
    with pytest.raises(InputError) as caught:
        import_register(address, tmp_path / "r.arrow", beijing)
    assert caught.value.code == "database"
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


def test_a_member_without_a_household_stops_an_import(
    database: str, tmp_path: Path, beijing: Ruleset
) -> None:
    """Rows of a database have no order, so any household may be the one that lacks a member."""
    execute(database, *_ENGLISH, "INSERT INTO persons (household_id, member_id) VALUES (NULL, 3), (' ', 4)")
    with pytest.raises(InputError, match="有 2 行没有可用的家庭编号") as caught:
        import_register(database, tmp_path / "r.arrow", beijing)
    assert caught.value.code == "member-household-unknown"
    assert list(tmp_path.iterdir()) == []


def test_a_null_row_is_none_and_a_slip_is_listed_alone(
    database: str, tmp_path: Path, beijing: Ruleset
) -> None:
    execute(
        database,
        *_ENGLISH,
        "INSERT INTO persons (household_id) VALUES (NULL)",
        "INSERT INTO persons (household_id, member_id) VALUES ('0012x', 4)",
    )
    report = import_register(database, tmp_path / "r.arrow", beijing)
    assert [one.code for one in report.problems] == ["member-no-household"]
    assert (report.households, report.persons, report.rows_in) == (2, 3, 6)
