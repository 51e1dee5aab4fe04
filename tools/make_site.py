#!/usr/bin/env python3
"""Gathers the pages of the documentation's site from README.md, docs/ and what they link to.

Usage: make_site.py OUT [ROOT]     OUT: the folder of pages that mkdocs reads, made anew
                                   ROOT: the source tree, by default the one that this script is in

A page keeps its text; links are made to fit the site. What lies in the tree and is no page, such as
an example, becomes a page that shows the file. A link to what is not there is an error.
"""

import os
import re
import shutil
import sys
from pathlib import Path, PurePosixPath

# What stands elsewhere in the tree than on the site.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
COPIED = {".png", ".svg"}
LANGUAGES = {".cpp": "cpp", ".hpp": "cpp", ".py": "python", ".sh": "sh", ".yml": "yaml"}
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")


class SiteError(Exception):
    """A link to what is not there."""


def place_of(root, path):
    """Where a file or folder of the tree is on the site."""
    name = path.as_posix()
    if name in PAGES:
        return PurePosixPath(PAGES[name])
    if path.suffix in COPIED | {".md"} and path.parts[0] == "docs":
        return path.relative_to("docs")
    if (root / path).is_dir():
        return "sources" / path / "index.md"
    return "sources" / path.with_name(path.name + ".md")


def target_of(root, page, link):
    """The path in the tree that a link on a page names."""
    path = PurePosixPath(os.path.normpath(page.parent / link))
    if path.is_absolute() or path.parts[:1] == ("..",) or not (root / path).exists():
        raise SiteError(f"{page}: a link to {link}, which is not there")
    return path


def between(text, pattern, change):
    """The text with what lies between the matches of a pattern changed."""
    parts, end = [], 0
    for match in pattern.finditer(text):
        parts += [change(text[end : match.start()]), match.group()]
        end = match.end()
    return "".join(parts) + change(text[end:])


def on_site(root, page, text, found):
    """The text of a page with its links made to fit; what they name in the tree goes into found."""
    here = place_of(root, page).parent

    def moved(match):
        link = match.group(2)
        if ":" in link:
            return match.group()
        path = target_of(root, page, link)
        found.add(path)
        return match.group(1) + os.path.relpath(place_of(root, path), here) + match.group(3)

    return between(text, CODE, lambda prose: LINK.sub(moved, prose))


def page_of_file(path, text):
    """A page that shows a file of the tree."""
    fence = "~~~~" if path.suffix == ".md" else "```"
    return f"# {path}\n\n{fence}{LANGUAGES.get(path.suffix, 'text')}\n{text.rstrip()}\n{fence}\n"


def said_of(text):
    """What a file says of itself: the first sentence of the comment that it begins with."""
    comment = []
    for line in text.splitlines():
        match = re.match(r"(?://|#) (.+)", line)
        if not match:
            break
        comment.append(match.group(1))
    sentence = re.match(r"(?:\w+: )?(.+?\.)(?: |$)", " ".join(comment))
    return sentence.group(1) if sentence else ""


def page_of_folder(root, path, found):
    """A page that lists the files of a folder, each with what it says of itself."""
    lines = [f"# {path}", "", "| file | what it is |", "|---|---|"]
    for file in sorted((root / path).iterdir()):
        if file.is_file() and file.suffix in LANGUAGES | {".conf": ""}:
            inside = path / file.name
            found.add(inside)
            lines.append(
                f"| [{file.name}]({file.name}.md) | {said_of(file.read_text(encoding='utf-8'))} |"
            )
    return "\n".join(lines) + "\n"


def write_page(root, out, path, found):
    target = out / place_of(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in COPIED:
        shutil.copyfile(root / path, target)
    elif (root / path).is_dir():
        target.write_text(page_of_folder(root, path, found), encoding="utf-8")
    else:
        text = (root / path).read_text(encoding="utf-8")
        is_page = path.as_posix() in PAGES or (path.suffix == ".md" and path.parts[0] == "docs")
        shown = on_site(root, path, text, found) if is_page else page_of_file(path, text)
        target.write_text(shown, encoding="utf-8")


def make_pages(root, out):
    """Writes all pages, those that others link to included; how many there are."""
    shutil.rmtree(out, ignore_errors=True)
    waiting = {PurePosixPath(name) for name in PAGES} | {PurePosixPath("LICENSE")}
    waiting |= {PurePosixPath("docs") / file.name for file in (root / "docs").glob("*.md")}
    done = set()
    while waiting:
        path = waiting.pop()
        found = set()
        write_page(root, out, path, found)
        done.add(path)
        waiting |= found - done
    return len(done)


def main(arguments):
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    root = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).resolve().parent.parent
    try:
        make_pages(root, Path(arguments[0]))
    except SiteError as error:
        sys.exit(f"make_site: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
