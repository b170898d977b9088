"""Draws docs/run.svg: what a terminal shows at the end of `make run`.

    python3 checks/record-run.py

Runs the lottery on a terminal of its own and draws the last screen, without the lines of the build.
The bets are those in .data, or generated ones."""

import os
import pty
import re
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHARACTER, LINE, MARGIN = 8.4, 20, 20  # in pixels, for a font of 14
# The run moves up and clears (CSI A, CSI J) before it draws the status again.
REDRAW = re.compile(r"\x1b\[\d+A\x1b\[J")
FIRST_LINE = re.compile(r"^ +agency +bets +finished", re.MULTILINE)


def last_screen():
    """Returns the lines that remain on the terminal, from the last status on."""
    output = bytearray()

    def read(terminal):
        output.extend(chunk := os.read(terminal, 65536))
        return chunk

    if pty.spawn(["make", "--silent", "run"], read) != 0:
        raise SystemExit("make run failed")
    text = REDRAW.split(output.decode().replace("\r\n", "\n"))[-1]
    return text[FIRST_LINE.search(text).start():].rstrip().split("\n")


def svg(lines):
    width = 2 * MARGIN + CHARACTER * max(map(len, lines))
    rows = "".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE * (n + 0.7):.0f}" '
        f'textLength="{CHARACTER * len(line):.1f}">{escape(line)}</text>\n'
        for n, line in enumerate(lines) if line)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
            f'height="{2 * MARGIN + LINE * len(lines)}" font-family="monospace" font-size="14" '
            'fill="#e6edf3" xml:space="preserve">\n'
            f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n{rows}</svg>\n')


if __name__ == "__main__":
    os.chdir(ROOT)
    (ROOT / "docs/run.svg").write_text(svg(["$ make run", *last_screen()]), encoding="utf-8")
