"""data.sh with the archives of other machines, and where it cannot write."""

import os
import stat
import zipfile

import pytest

DATA = "scripts/data.sh"
ROW = "Ana,Paz,12345678,1990-01-15,7574\r\n"
UNPACKERS = {
    "unzip": ["unzip"], "python3": ["python3"],
}
PROGRAMS = ["sh", "awk", "dirname", "mkdir", "mktemp", "find", "mv", "chmod", "rm", "rmdir", "tr"]


def archive(checkout, entries, name="dataset.zip", folder=""):
    with zipfile.ZipFile(checkout.top / ".data" / name, "w", zipfile.ZIP_DEFLATED) as file:
        for entry, content in entries.items():
            information = zipfile.ZipInfo(folder + entry)
            information.filename = folder + entry
            file.writestr(information, content)


def only(tmp_path, programs):
    """Returns a PATH with these programs alone."""
    directory = tmp_path / "few"
    directory.mkdir()
    for program in programs:
        found = next(f"{place}/{program}" for place in os.environ["PATH"].split(":")
                     if os.access(f"{place}/{program}", os.X_OK) and "shims" not in place)
        (directory / program).symlink_to(found)
    return str(directory)


def names(checkout):
    return sorted(path.name for path in (checkout.top / ".data").iterdir()
                  if path.name != "README.md")


@pytest.mark.parametrize("unpacker", ["unzip", "python3"])
@pytest.mark.parametrize("name", ["dataset.zip", "datasets.zip"])
@pytest.mark.parametrize("folder, extra", [
    ("", {}), ("dataset/", {}), ("data set\\of windows\\", {}),
    ("dataset/", {"../__MACOSX/dataset/._agency-1.csv": "Mac", ".DS_Store": "Mac"})])
def test_an_archive_is_unpacked(checkout, tmp_path, unpacker, name, folder, extra):
    """`python3` is Debian's, of whatever version."""
    archive(checkout, {"agency-1.csv": ROW, "agency-2.csv": ROW} | extra, name, folder)
    path = only(tmp_path, [*PROGRAMS, unpacker])
    done = checkout.run("sh", DATA, PATH=path)
    assert (done.returncode, done.stdout) == (0, f"unpacked .data/{name}\n"), done.stderr
    assert names(checkout) == ["agency-1.csv", "agency-2.csv", name]
    for agency in 1, 2:
        file = checkout.top / f".data/agency-{agency}.csv"
        assert file.read_bytes() == ROW.encode()
        assert file.stat().st_mode & stat.S_IROTH


@pytest.mark.parametrize("entries, words", [
    ({"dataset-1.csv": "A,B,1,1990-01-15\n", "dataset-2.csv": ""}, "bets without numbers"),
    ({"dataset-1.csv": ROW}, "which has dataset-1.csv"),
    ({"bets.txt": ROW}, ""),
    ({}, "")])
def test_an_archive_without_the_files_is_told_in_words(checkout, entries, words):
    archive(checkout, entries)
    done = checkout.run("sh", DATA)
    assert (done.returncode, done.stdout) == (65, "")
    assert words in done.stderr and ".data/dataset.zip" in done.stderr
    assert names(checkout) == ["dataset.zip"]


@pytest.mark.parametrize("kind", ["no zip", "cut off", "directory", "empty"])
def test_what_is_no_archive_is_an_error(checkout, kind):
    place = checkout.top / ".data/dataset.zip"
    archive(checkout, {"agency-1.csv": ROW * 1000})
    whole = place.read_bytes()
    place.unlink()
    if kind == "directory":
        place.mkdir()
    else:
        place.write_bytes({"no zip": b"no zip", "cut off": whole[:-30], "empty": b""}[kind])
    for arguments in [], ["--missing", "1"]:
        done = checkout.run("sh", DATA, *arguments)
        assert done.returncode == (66 if kind == "directory" else 65), done.stderr
        assert ".data/dataset.zip" in done.stderr.splitlines()[-1]
        assert names(checkout) == ["dataset.zip"]


@pytest.mark.parametrize("arguments", [[], ["--missing", "5"]])
@pytest.mark.parametrize("has_archive", [True, False])
def test_a_directory_that_docker_made_is_replaced(checkout, arguments, has_archive):
    (checkout.top / ".data/agency-1.csv").mkdir()
    if has_archive:
        archive(checkout, {f"agency-{agency}.csv": ROW for agency in range(1, 6)})
    done = checkout.run("sh", DATA, *arguments)
    assert done.returncode == 0, done.stderr
    assert (checkout.top / ".data/agency-1.csv").is_file()


@pytest.mark.parametrize("arguments", [[], ["--missing", "5"]])
@pytest.mark.parametrize("has_archive", [True, False])
def test_a_directory_that_is_in_use_is_named(checkout, arguments, has_archive):
    (checkout.top / ".data/agency-2.csv").mkdir()
    (checkout.top / ".data/agency-2.csv/mine").touch()
    if has_archive:
        archive(checkout, {f"agency-{agency}.csv": ROW for agency in range(1, 6)})
    done = checkout.run("sh", DATA, *arguments)
    assert (done.returncode, done.stdout) == (73, "")
    assert ".data/agency-2.csv is a directory" in done.stderr.splitlines()[-1]


def test_a_data_directory_that_is_a_file_is_named(checkout):
    (checkout.top / "occupied").touch()
    done = checkout.run("sh", "scripts/generate-data.sh", "occupied")
    assert done.returncode == 73
    assert "cannot make the directory occupied" in done.stderr


@pytest.mark.parametrize("awk", ["mawk", "gawk", "original-awk", "busybox awk"])
def test_data_without_room_is_an_error(checkout, stand_in, awk):
    """The largest file is limited, as a full disk would."""
    if not any(os.access(f"{place}/{awk.split()[0]}", os.X_OK)
               for place in os.environ["PATH"].split(":")):
        pytest.skip(f"{awk} is not installed")
    path = stand_in("awk", f'exec {awk} "$@"')
    done = checkout.run("sh", "-c", "trap '' XFSZ; ulimit -f 100; exec sh scripts/data.sh",
                        PATH=path)
    assert (done.returncode, done.stdout) == (73, "")
    assert names(checkout) == []


@pytest.mark.parametrize("file, words", [
    ("/dev/full", "No space left on device"), ("no/such/file.yaml", "No such file or directory"),
    ("occupied/file.yaml", "Not a directory"), (".", "directory")])
def test_the_compose_file_tells_why_it_cannot_be_written(checkout, file, words):
    (checkout.top / "occupied").touch()
    done = checkout.run("bash", "generar-compose.sh", file, "5")
    assert (done.returncode, done.stdout) == (73, "")
    assert done.stderr.count("\n") == 1 and done.stderr.endswith(words + "\n")
