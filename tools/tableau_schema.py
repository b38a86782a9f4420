"""Checks data sources for Tableau against its published schema, by hand: it needs lxml and the schema's file.

    python tools/tableau_schema.py twb_2026.2.0.xsd FILE.tds FILE.tdsx …

The schemas are at github.com/tableau/tableau-document-schemas. They describe workbooks; a data source is an element of
one. What is inside a connection they do not describe.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from lxml import etree

_XS = "http://www.w3.org/2001/XMLSchema"
_OF_USER = "http://www.tableausoftware.com/xml/user"
_OF_XML = "http://www.w3.org/XML/1998/namespace"
_IMPORTED = {
    _OF_USER: f'<xs:attributeGroup name="UserAttributes-AG"><xs:anyAttribute namespace="{_OF_USER}"'
    ' processContents="skip"/></xs:attributeGroup>',
    _OF_XML: '<xs:attribute name="base" type="xs:anyURI"/>',
}
"""The schema imports these namespaces and says not from where; of each, what it uses."""


def schema(file: Path) -> etree.XMLSchema:
    """Tableau's schema, for a document that is a data source."""
    tree = etree.parse(file)
    root = tree.getroot()
    etree.SubElement(root, f"{{{_XS}}}element", name="datasource", type="DataSource-CT")
    with TemporaryDirectory() as folder:
        for number, one in enumerate(root.iterfind(f"{{{_XS}}}import")):
            namespace = one.get("namespace")
            text = f'<xs:schema xmlns:xs="{_XS}" targetNamespace="{namespace}">{_IMPORTED[namespace]}</xs:schema>'
            place = Path(folder) / f"{number}.xsd"
            place.write_text(text, encoding="utf-8")
            one.set("schemaLocation", place.as_uri())
        main = Path(folder) / "main.xsd"
        tree.write(main)
        return etree.XMLSchema(etree.parse(main))


def description(file: Path) -> bytes:
    """The XML of a data source, packaged or not."""
    if file.suffix != ".tdsx":
        return file.read_bytes()
    with zipfile.ZipFile(file) as package:
        (name,) = [name for name in package.namelist() if name.endswith(".tds")]
        return package.read(name)


def main(schema_file: str, *files: str) -> int:
    """A line for each thing that the schema does not allow; 1 if there is any."""
    rules = schema(Path(schema_file))
    wrong = 0
    for file in files:
        if rules.validate(etree.fromstring(description(Path(file)))):
            print(f"{file}: fits")
            continue
        wrong = 1
        for error in rules.error_log:
            print(f"{file}:{error.line}: {error.message}")
    return wrong


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
