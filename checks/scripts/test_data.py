"""data.sh and generate-data.sh: archives of other machines, every awk, and no room to write."""

import io
import os
import re
import shutil
import stat
import zipfile

import pytest
from lottery.bets import Bets

DATA = "scripts/data.sh"
ROW = "Ana,Paz,12345678,1990-01-15,7574\r\n"
AWKS = ["mawk", "gawk", "original-awk", "busybox awk"]
PROGRAMS = ["sh", "awk", "dirname", "mkdir", "mktemp", "find", "mv", "chmod", "rm", "rmdir", "tr"]


def zipped(entries, folder=""):
    """Returns the bytes of an archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for entry, text in entries.items():
            file.writestr(folder + entry, text)
    return content.getvalue()


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
    (checkout.top / ".data" / name).write_bytes(
        zipped({"agency-1.csv": ROW, "agency-2.csv": ROW} | extra, folder))
    path = only(tmp_path, [*PROGRAMS, unpacker])
    done = checkout.run("sh", DATA, PATH=path)
    assert (done.returncode, done.stdout) == (0, f"unpacked .data/{name}\n"), done.stderr
    assert names(checkout) == ["agency-1.csv", "agency-2.csv", name]
    for agency in 1, 2:
        file = checkout.top / f".data/agency-{agency}.csv"
        assert file.read_bytes() == ROW.encode()
        assert file.stat().st_mode & stat.S_IROTH


# What is in the place of an archive, and what is said.
NO_ARCHIVES = {
    "older": (zipped({"dataset-1.csv": "A,B,1,1990-01-15\n", "dataset-2.csv": ""}),
              "bets without numbers"),
    "others": (zipped({"dataset-1.csv": ROW}), "which has dataset-1.csv"),
    "no CSV": (zipped({"bets.txt": ROW}), ""),
    "no files": (zipped({}), ""),
    "no zip": (b"no zip", ""),
    "cut off": (zipped({"agency-1.csv": ROW * 1000})[:-30], ""),
    "empty": (b"", ""),
    "directory": (None, "no file"),
}


@pytest.mark.parametrize("kind", NO_ARCHIVES)
@pytest.mark.parametrize("arguments", [[], ["--missing", "1"]])
def test_what_is_no_archive_of_the_files_is_an_error(checkout, kind, arguments):
    content, words = NO_ARCHIVES[kind]
    place = checkout.top / ".data/dataset.zip"
    place.mkdir() if content is None else place.write_bytes(content)
    done = checkout.run("sh", DATA, *arguments)
    assert (done.returncode, done.stdout) == (66 if content is None else 65, "")
    assert ".data/dataset.zip" in done.stderr.splitlines()[-1] and words in done.stderr
    assert names(checkout) == ["dataset.zip"]


@pytest.mark.parametrize("arguments", [[], ["--missing", "5"]])
@pytest.mark.parametrize("has_archive", [True, False])
@pytest.mark.parametrize("is_in_use", [True, False])
def test_a_directory_that_docker_made_is_replaced_unless_it_is_in_use(
        checkout, arguments, has_archive, is_in_use):
    place = checkout.top / ".data/agency-2.csv"
    place.mkdir()
    if is_in_use:
        (place / "mine").touch()
    if has_archive:
        (checkout.top / ".data/dataset.zip").write_bytes(
            zipped({f"agency-{agency}.csv": ROW for agency in range(1, 6)}))
    done = checkout.run("sh", DATA, *arguments)
    assert done.returncode == (73 if is_in_use else 0), done.stderr
    assert place.is_file() == (not is_in_use)
    if is_in_use:
        assert ".data/agency-2.csv is a directory" in done.stderr.splitlines()[-1]


@pytest.fixture(params=AWKS)
def with_awk(request, stand_in):
    """A PATH with that awk."""
    if not shutil.which(request.param.split()[0]):
        pytest.skip(f"{request.param} is not installed")
    return stand_in("awk", f'exec {request.param} "$@"')


def test_data_without_room_is_an_error(checkout, with_awk):
    """The largest file is limited, as a full disk would."""
    done = checkout.run("sh", "-c", "trap '' XFSZ; ulimit -f 100; exec sh scripts/data.sh",
                        PATH=with_awk)
    assert (done.returncode, done.stdout) == (73, "")
    assert names(checkout) == []


@pytest.fixture(scope="module")
def generated(repository, tmp_path_factory):
    """The five files that are made up."""
    directory = tmp_path_factory.mktemp("generated")
    repository.succeed("sh", "scripts/generate-data.sh", directory)
    return directory


def test_made_up_files_are_like_the_course_s(generated):
    bets = Bets(generated).by_agency
    assert [len(bets[agency].bets) for agency in bets] == [26936, 25518, 16014, 9238, 991]
    row = re.compile(r"([^,\"|]+,){2}[0-9]{8},(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]),"
                     r"[0-9]{1,4}\r\n")
    for agency in bets.values():
        with open(agency.path, encoding="utf-8", newline="") as file:
            assert all(map(row.fullmatch, file))
        assert agency.winning
    documents = [bet[2] for agency in bets.values() for bet in agency.bets]
    assert len(set(documents)) == len(documents)
    assert {"ñ", "í"} <= set(bets[5].path.read_text(encoding="utf-8"))


def test_every_awk_makes_the_same_bytes(checkout, with_awk, generated):
    checkout.succeed("sh", "scripts/generate-data.sh", "made", PATH=with_awk)
    for path in generated.iterdir():
        assert (checkout.top / "made" / path.name).read_bytes() == path.read_bytes()


def test_other_sizes_are_made(checkout):
    checkout.succeed("sh", "scripts/generate-data.sh", "made", 7, 12)
    assert {path.name: path.read_bytes().count(b"\n") for path in checkout.top.glob("made/*")} == {
        f"agency-{agency}.csv": 12 for agency in range(1, 8)}


@pytest.mark.parametrize("arguments, status, words", [
    ([], 64, "\nusage: "), (["made", "0"], 64, "\nusage: "),
    (["made", "5", "many"], 64, "\nusage: "),
    (["README.md"], 73, "cannot make the directory README.md")])
def test_what_cannot_be_made_is_told(checkout, arguments, status, words):
    before = checkout.files()
    done = checkout.run("sh", "scripts/generate-data.sh", *arguments)
    assert done.returncode == status and words in done.stderr
    assert checkout.files() == before


def test_sh_and_awk_are_enough_without_an_archive(checkout, tmp_path, generated):
    path = only(tmp_path, PROGRAMS)
    checkout.succeed("sh", DATA, PATH=path)
    name = "agency-5.csv"
    assert (checkout.top / ".data" / name).read_bytes() == (generated / name).read_bytes()
    (checkout.top / ".data/dataset.zip").write_bytes(zipped({"agency-1.csv": ROW}))
    done = checkout.run("sh", DATA, PATH=path)
    assert (done.returncode, done.stdout) == (69, "")
    assert "needs unzip, python3 or docker" in done.stderr and done.stderr.count("\n") == 1


def test_files_that_are_there_are_kept(checkout, generated):
    (checkout.top / ".data/agency-2.csv").write_text("mine", encoding="utf-8")
    checkout.succeed("sh", DATA, "--missing", "3")
    assert names(checkout) == ["agency-1.csv", "agency-2.csv", "agency-3.csv"]
    assert (checkout.top / ".data/agency-2.csv").read_text(encoding="utf-8") == "mine"
    assert (checkout.top / ".data/agency-1.csv").read_bytes() == (
        generated / "agency-1.csv").read_bytes()
    (checkout.top / ".data/dataset.zip").write_bytes(zipped({"agency-1.csv": ROW}))
    told = checkout.succeed("sh", DATA, "--missing", "3")
    assert told.startswith("kept the files in .data: make data replaces them")
    assert (checkout.top / ".data/agency-2.csv").read_text(encoding="utf-8") == "mine"
