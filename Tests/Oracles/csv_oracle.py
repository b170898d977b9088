"""What Python's csv module makes of the cases that the tests of our own dialect feed to it.

Takes JSON on standard input and answers with JSON on standard output:

    csv_oracle.py read     [text, ...]    ->  [{"rows": [[field, ...], ...], "isGood": bool}, ...]
    csv_oracle.py write    [[field, ...], ...]  ->  [text, ...]

Rows without fields, which come from blank lines, are left out; after an error come no more rows.
"""

import csv
import io
import json
import sys


def read(text):
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="\n")
    rows = []
    try:
        for row in csv.reader(lines, strict=True):
            if row:
                rows.append(row)
    except csv.Error:
        return {"rows": rows, "isGood": False}
    return {"rows": rows, "isGood": True}


def write(fields):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_MINIMAL).writerow(fields)
    return out.getvalue()


def main():
    answer = {"read": read, "write": write}[sys.argv[1]]
    cases = json.load(sys.stdin)
    json.dump([answer(case) for case in cases], sys.stdout)


if __name__ == "__main__":
    main()
