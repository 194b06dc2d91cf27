"""A report as one HTML file that opens without a network. Every text in it is escaped."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2127; background: #f6f7f9; margin: 0; }
main { max-width: 1180px; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
section { background: #fff; border: 1px solid #e1e4e8; border-radius: 8px; padding: 1rem;
  min-width: 0; }
.sections { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
.wide { grid-column: 1 / -1; }
p { margin: .3rem 0; overflow-wrap: anywhere; }
p.note { color: #57606a; font-size: .9rem; }
img { width: 100%; max-width: 40rem; height: auto; display: block; margin: 0 auto; }
.pictures { display: grid; gap: .5rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); }
.frames { display: grid; }
.frames > div { grid-area: 1 / 1; opacity: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e1e4e8;
  vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
td:last-child:not(.number) { min-width: 12rem; }
"""


@dataclass
class Section:
    """A box of the page: a heading, and below it parts made by the methods, in order.

    Attributes:
        title: its heading.
        wide: whether it takes the whole width.
    """

    title: str
    wide: bool = False
    parts: list[str] = field(default_factory=list)

    def text(self, sentence: str, note: bool = False) -> "Section":
        """A paragraph; a note in small print."""
        kind = ' class="note"' if note else ""
        self.parts.append(f"<p{kind}>{escape(sentence)}</p>")
        return self

    def picture(self, svg: str, described: str) -> "Section":
        """Add a picture with a description for those who cannot see it."""
        self.parts.append(_image(svg, described))
        return self

    def pictures(self, described: Iterable[tuple[str, str]]) -> "Section":
        """Add small pictures side by side, each with its description."""
        images = "".join(_image(svg, words) for svg, words in described)
        self.parts.append(f'<div class="pictures">{images}</div>')
        return self

    def animation(
        self, described: Sequence[tuple[str, str]], seconds: float = 0.8
    ) -> "Section":
        """Add pictures shown in turn, each for `seconds`, over and over."""
        n = len(described)
        shown = (
            f"@keyframes of{n} {{ 0% {{ opacity: 1 }} {100 / n:.3f}%, 100% {{ opacity: 0 }} }}"
        )
        frames = [
            f'<div style="animation: of{n} {n * seconds}s steps(1) {i * seconds}s infinite">'
            f"{_image(svg, words)}</div>"
            for i, (svg, words) in enumerate(described)
        ]
        self.parts.append(f'<style>{shown}</style><div class="frames">{"".join(frames)}</div>')
        return self

    def table(self, header: Sequence[str], rows: Iterable[Sequence]) -> "Section":
        """A table of texts, numbers (whole, or to four digits) and None for empty cells.

        Columns of numbers, written out as text or not, stand to the right.
        """
        rows = list(rows)
        numbers = [all(_number(row[i]) for row in rows) for i in range(len(header))]
        body = [_row([_shown(v) for v in row], "td", numbers) for row in rows]
        whole = "".join([_row(header, "th", numbers), *body])
        self.parts.append(f'<div class="scroll"><table>{whole}</table></div>')
        return self

    def html(self) -> str:
        """The section's HTML."""
        kind = ' class="wide"' if self.wide else ""
        return f"<section{kind}><h2>{escape(self.title)}</h2>{''.join(self.parts)}</section>"


def page(title: str, sections: Iterable[Section]) -> str:
    """The whole file."""
    body = "\n".join(section.html() for section in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style></head>\n"
        f'<body><main><h1>{escape(title)}</h1>\n<div class="sections">{body}</div>\n'
        "</main></body></html>\n"
    )


def _image(svg: str, described: str) -> str:
    data = base64.b64encode(svg.encode()).decode()
    return f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(described)}">'


def _number(value: str | float | None) -> bool:
    return not isinstance(value, str) or value.replace(".", "", 1).isdigit()


def _shown(value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _row(cells: Sequence[str], tag: str, numbers: Sequence[bool]) -> str:
    pairs = zip(cells, numbers, strict=True)
    kinds = ((cell, ' class="number"' if number else "") for cell, number in pairs)
    return f"<tr>{''.join(f'<{tag}{k}>{escape(c)}</{tag}>' for c, k in kinds)}</tr>"
