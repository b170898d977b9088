"""`make run`, with programs that are built already."""

import re

from lottery.log import Log


def test_the_winners_and_the_way_to_the_logs_are_printed(checkout, stand_in, where):
    (checkout.top / ".build").mkdir()
    (checkout.top / ".build/release").symlink_to(where)
    done = checkout.run("sh", "scripts/run-lottery.sh", PATH=stand_in("make", "exit 0"))
    assert done.returncode == 0, done.stderr
    # Agency, bets and winners of generated files.
    rows = re.findall(r"^ +(\d+) +(\d+) +(\d+)  \d", done.stdout, re.MULTILINE)
    assert [int(row[2]) for row in rows] == [4, 4, 3, 2, 1]
    told = re.search(r"logs, and the server's files: (\S+)$", done.stdout.splitlines()[-1])
    assert Log.of((checkout.top / told[1] / "server.log").read_text(encoding="utf-8")).lines
    assert len(list((checkout.top / told[1]).glob("agency-*.log"))) == 5
