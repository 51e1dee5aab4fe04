#!/usr/bin/env python3
"""Checks the documentation's site: that links lead somewhere, and that no Markdown is left in it.

Usage: check_site.py SITE [PAGE...]   SITE: the folder of HTML files
                                      PAGE: those to check, from SITE; without: all

1. A link or picture of the site names a file of it, and a fragment an element of that file.
2. Nothing is fetched from elsewhere: no script, style or picture of another address.
3. No paragraph holds what should have become a list, a table or a fenced block.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LEFT_OVER = re.compile(r"^\s*(?:[-*] |\d+\. |\||```|#+ )", re.MULTILINE)
FETCHED = {"script": "src", "img": "src", "link": "href"}


class Page(HTMLParser):
    """What a page links to, fetches, has anchors for, and says in paragraphs."""

    def __init__(self, text):
        super().__init__()
        self.links, self.fetched, self.anchors, self.paragraphs = [], [], set(), []
        self._in_code = 0
        self._in_paragraph = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        address = given.get(FETCHED.get(tag, ""))
        if address and given.get("rel") != "canonical":
            self.fetched.append(address)
        if tag == "code":
            self._in_code += 1
        if tag == "p":
            self._in_paragraph = True
            self.paragraphs.append("")

    def handle_endtag(self, tag):
        if tag == "code":
            self._in_code -= 1
        if tag == "p":
            self._in_paragraph = False

    def handle_data(self, data):
        if self._in_paragraph:
            self.paragraphs[-1] += "x" if self._in_code else data


class Site:
    """The pages of a folder, each read once."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self._pages = {}

    def page(self, file):
        if file not in self._pages:
            self._pages[file] = Page(file.read_text(encoding="utf-8", errors="replace"))
        return self._pages[file]

    def fault_of(self, file, address):
        """What is wrong with an address on a page, or None."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return None
        path = unquote(parts.path)
        start = self.folder if path.startswith("/") else file.parent
        target = (start / path.lstrip("/")).resolve() if path else file
        if target.is_dir():
            target = target / "index.html"
        if not target.is_file():
            return f"{address} leads nowhere"
        if parts.fragment and target.suffix == ".html":
            if unquote(parts.fragment) not in self.page(target).anchors:
                return f"{address} has a fragment that is not there"
        return None

    def faults(self, file):
        page = self.page(file)
        for address in page.links + page.fetched:
            fault = self.fault_of(file, address)
            if fault:
                yield fault
        for address in page.fetched:
            if urlsplit(address).netloc:
                yield f"{address} is fetched from elsewhere"
        for text in page.paragraphs:
            if LEFT_OVER.search(text):
                yield f"Markdown is left over: {text.strip()[:60]!r}"


def main(arguments):
    if not arguments or not Path(arguments[0]).is_dir():
        sys.exit(__doc__)
    site = Site(Path(arguments[0]))
    files = [site.folder / name for name in arguments[1:]] or sorted(site.folder.rglob("*.html"))
    faults = [
        f"{file.relative_to(site.folder)}: {fault}" for file in files for fault in site.faults(file)
    ]
    print("\n".join(faults), end="\n" if faults else "", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
