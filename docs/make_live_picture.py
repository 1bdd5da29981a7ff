"""Makes docs/images/live-view.svg: the live view of a real run, stopped where it breaks P1.

Run it from the root of the repository: python docs/make_live_picture.py
"""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from aprt.verdict.case import Case
from aprt.verdict.live import Plan, run_live
from aprt.vfio_ap.eras import ERAS
from aprt.view.live import LiveView

PICTURE = Path(__file__).parent / "images" / "live-view.svg"
WIDTH = 100
THEME = TerminalTheme(
    (22, 25, 33),
    (208, 212, 222),
    [
        (60, 66, 80),
        (240, 113, 120),
        (134, 205, 130),
        (240, 192, 96),
        (82, 110, 150),
        (198, 146, 234),
        (120, 190, 220),
        (208, 212, 222),
    ],
)


def main() -> None:
    case = Case.parse("v4/kill-qemu", ERAS)
    model = case.model()
    plan = Plan("chaos", seed=0, runs=200)
    # a clock that stands still: the picture is the same on every machine
    view = LiveView(str(case), model.system, plan, Console(file=StringIO(), width=WIDTH), clock=lambda: 0.0)
    with view:
        view.finish(run_live(model.system, model.select(["P1"]), plan, on_event=view.hear, beside=view.beside))
    recorder = Console(file=StringIO(), record=True, force_terminal=True, color_system="truecolor", width=WIDTH)
    recorder.print(view.shown)
    # fonts from the net do not load inside a picture: whatever is monospace will do
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    svg = recorder.export_svg(
        title="aprt run v4/kill-qemu --property P1 --chaos --runs 200",
        theme=THEME,
        code_format=form,
        unique_id="live-view",
    )
    PICTURE.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
