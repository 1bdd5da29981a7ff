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
TITLE = "aprt run v4/kill-qemu --property P1 --chaos --runs 200"
WIDTH, HEIGHT = 100, 100  # more lines than it has
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
    # a clock that stands still: no steps per second, which every machine has its own of
    view = LiveView(
        str(case), model.system, plan, Console(file=StringIO(), width=WIDTH, height=HEIGHT), clock=lambda: 0.0
    )
    with view:
        view.finish(run_live(model.system, model.select(["P1"]), plan, on_event=view.hear, beside=view.beside))
    recorder = Console(file=StringIO(), record=True, force_terminal=True, color_system="truecolor", width=WIDTH)
    recorder.print(view.shown)
    recorder.print()  # room below the last line for its descenders
    svg = recorder.export_svg(title=TITLE, theme=THEME, code_format=_form(), unique_id="live-view")
    # a text may begin with blanks, which not every viewer keeps
    svg = svg.replace("<text ", '<text xml:space="preserve" ')
    PICTURE.write_text(svg, encoding="utf-8")


def _form() -> str:
    """rich's template, made to look the same in every viewer."""
    # fonts from the net do not load inside a picture: whatever is monospace will do
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code, monospace", "DejaVu Sans Mono, Menlo, Consolas, monospace")
    # rich gives a letter 0.61 of the font's size and stretches the text to that; these fonts are 0.602 wide
    return form.replace("font-size: {char_height}px", f"font-size: {0.61 / 0.602 * 20:.2f}px")


if __name__ == "__main__":
    main()
