"""entrega.sh: the branches to hand in."""

import pytest
from lottery.checkouts import branches

BRANCHES = [f"ej{exercise}" for exercise in range(1, 9)]
MOVED = {"config/config.yaml": "client/config.yaml", "config/config.ini": "server/config.ini",
         "client.Dockerfile": "client/Dockerfile", "server.Dockerfile": "server/Dockerfile"}


@pytest.fixture
def handed(checkout):
    return branches(checkout)


def refs(checkout):
    return checkout.git("for-each-ref", "refs/heads")


def test_there_is_a_branch_for_each_exercise_and_nothing_else_changes(handed):
    names = handed.git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()
    assert names == [*BRANCHES, "main"]
    assert handed.git("status", "--porcelain") == ""
    assert handed.git("branch", "--show-current") == "main"
    for branch in BRANCHES:
        assert handed.git("rev-parse", f"{branch}^") == handed.git("rev-parse", "main")


def test_each_has_the_settings_and_the_files_of_its_exercise(handed):
    for branch, mode, delay in zip(BRANCHES, ["echo"] * 4 + ["bet"] + ["lottery"] * 3,
                                   [None] * 5 + ["1s"] * 3):
        lines = handed.git("show", f"{branch}:.env").splitlines()
        settings = dict(line.split("=") for line in lines)
        assert (settings["CLI_MODE"], settings.get("SERVER_WINNERS_DELAY")) == (mode, delay)
        for here, there in MOVED.items():
            handed.git("diff", "--exit-code", f"main:{here}", f"{branch}:{there}")


def test_what_graders_write_is_what_is_mounted(handed):
    handed.git("switch", "-q", "ej3")
    (handed.top / "client/config.yaml").write_text("over", encoding="utf-8")
    assert (handed.top / "config/config.yaml").read_text(encoding="utf-8") == "over"
    (handed.top / "server/config.ini").unlink()
    (handed.top / "server/config.ini").write_text("anew", encoding="utf-8")
    assert (handed.top / "config/config.ini").read_text(encoding="utf-8") == "anew"


def test_a_second_run_changes_nothing_unless_main_has_gone_on(handed):
    before = refs(handed)
    assert refs(branches(handed)) == before
    handed.git("commit", "-q", "--allow-empty", "-m", "Go on")
    branches(handed)
    for branch in BRANCHES:
        assert handed.git("rev-parse", f"{branch}^") == handed.git("rev-parse", "main")


def test_a_branch_with_other_work_is_left_alone(handed):
    handed.git("switch", "-q", "ej2")
    handed.git("commit", "-q", "--allow-empty", "-m", "Work of mine")
    handed.git("switch", "-q", "main")
    before = refs(handed)
    done = handed.run("bash", "scripts/entrega.sh")
    assert done.returncode == 1
    assert "ej2 holds other work" in done.stderr
    assert refs(handed) == before
