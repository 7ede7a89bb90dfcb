from __future__ import annotations

from pathlib import Path

from lakeproof.lake import hosts

BEFORE = "127.0.0.1 localhost\n10.0.0.1 other\n"


def _hosts_file(tmp_path: Path) -> Path:
    path = tmp_path / "hosts"
    path.write_text(BEFORE)
    return path


def _lake(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    path.mkdir()
    return path


def test_names_come_and_go_and_nothing_else_changes(tmp_path: Path) -> None:
    file, lake = _hosts_file(tmp_path), _lake(tmp_path, "lake")

    assert hosts.add(lake, file)
    assert file.read_text().startswith(BEFORE)
    assert all(name in file.read_text() for name in hosts.NAMES)

    hosts.remove(lake, file)
    assert file.read_text() == BEFORE


def test_names_stay_while_another_lake_uses_them(tmp_path: Path) -> None:
    file, one, two = _hosts_file(tmp_path), _lake(tmp_path, "one"), _lake(tmp_path, "two")
    hosts.add(one, file)
    hosts.add(two, file)

    hosts.remove(one, file)

    assert file.read_text().count(hosts.NAMES[0]) == 1
    hosts.remove(two, file)
    assert file.read_text() == BEFORE


def test_adding_twice_leaves_one_line(tmp_path: Path) -> None:
    file, lake = _hosts_file(tmp_path), _lake(tmp_path, "lake")

    hosts.add(lake, file)
    hosts.add(lake, file)

    assert file.read_text().count(hosts.NAMES[0]) == 1


def test_names_of_a_lake_of_another_version_stay(tmp_path: Path) -> None:
    file, one, two = _hosts_file(tmp_path), _lake(tmp_path, "one"), _lake(tmp_path, "two")
    hosts.add(one, file)
    file.write_text(file.read_text().replace(hosts.NAMES[0], f"later.test {hosts.NAMES[0]}"))

    hosts.add(two, file)

    assert file.read_text().count("later.test") == 1
    assert all(file.read_text().count(f" {name}") == 1 for name in hosts.NAMES)


def test_a_deleted_lake_does_not_keep_the_names(tmp_path: Path) -> None:
    file, gone, lake = _hosts_file(tmp_path), _lake(tmp_path, "gone"), _lake(tmp_path, "lake")
    hosts.add(gone, file)
    gone.rmdir()
    hosts.add(lake, file)

    hosts.remove(lake, file)

    assert file.read_text() == BEFORE


def test_no_names_where_the_file_cannot_be_written(tmp_path: Path) -> None:
    assert not hosts.add(tmp_path, tmp_path / "no" / "hosts")


def test_names_of_another_kind_do_not_resolve() -> None:
    assert not hosts.resolves(["no-such-name.lakeproof.invalid"])
