#!/usr/bin/env python3
"""Checks that every relative link and picture of a folder of HTML pages leads somewhere, headings included.

    check-links.py SITE
"""
import html.parser
import pathlib
import sys
import urllib.parse

site = pathlib.Path(sys.argv[1]).resolve()


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.anchors = [], set()

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if value and (name, tag) in (("href", "a"), ("src", "img"), ("href", "link"), ("src", "script")):
                self.links.append(value)
            if value and (name == "id" or (name == "name" and tag == "a")):
                self.anchors.add(value)


def read(file):
    page = Page()
    page.feed(file.read_text(encoding="utf-8", errors="replace"))
    return page


# Javadoc checks its own links; only the way into it is checked here.
pages = {file: read(file) for file in site.rglob("*.html") if "apidocs" not in file.relative_to(site).parts}
broken = []
checked = 0
for file, page in sorted(pages.items()):
    for link in page.links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc or link.startswith(("javascript:", "mailto:")):
            continue
        checked += 1
        target = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
        if target.is_dir():
            target = target / "index.html" if (target / "index.html").exists() else target
        if not target.exists():
            broken.append(f"{file.relative_to(site)}: {link} leads nowhere")
        elif parts.fragment and target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].anchors:
            broken.append(f"{file.relative_to(site)}: {link} has no such heading")
for line in broken:
    print("links: " + line)
print(f"links: {len(pages)} pages, {checked} links, {len(broken)} broken")
sys.exit(1 if broken or not pages else 0)
