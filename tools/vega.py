"""Makes `reports/page/vega.min.js`, the charting library of the report: `python tools/vega.py [--check]`.

It is in the checkout, since what makes it takes 85 MB and seconds, and the file changes with its version only.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import vl_convert

TARGET = Path(__file__).parents[1] / "reports" / "page" / "vega.min.js"
_HEAD = """\
/* Vega {vega}, Vega-Lite {lite} and Vega-Embed {embed} with what they use, bundled by vl-convert {maker}.
   Copyright (c) University of Washington Interactive Data Lab and contributors; BSD-3-Clause licence, with parts under
   ISC (D3, Mike Bostock) and MIT. The texts: vega-licences.txt. Made by tools/vega.py: do not edit. */
"""


def bundle() -> str:
    """The library as one script, which leaves `vegaEmbed`, `vega` and `vegaLite` in the window."""
    head = _HEAD.format(
        vega=vl_convert.get_vega_version(),
        lite=max(vl_convert.get_vegalite_versions()),
        embed=vl_convert.get_vega_embed_version(),
        maker=version("vl-convert-python"),
    )
    return f"{head}(() => {{{vl_convert.javascript_bundle()}}})();\n"


def main() -> None:
    """Write the file, or say whether it is what it would be."""
    made = bundle()
    if "--check" not in sys.argv:
        TARGET.write_text(made, encoding="utf-8")
    elif made != TARGET.read_text(encoding="utf-8"):
        raise SystemExit(f"{TARGET.name} is not what tools/vega.py makes with this vl-convert")


if __name__ == "__main__":
    main()
