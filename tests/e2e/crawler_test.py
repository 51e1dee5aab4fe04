#!/usr/bin/env python3
"""crawler: it fetches what can be reached, each page once, and ends at once where it is told to."""

import collections
import posixpath
import unittest

import harness

HOSTS = ["a.example", "b.example", "c-3.example"]


class CrawlerTest(harness.ProgramTest):
    def write(self, host, path, text):
        path += "index.html" if path.endswith("/") else ""
        file = self.folder / host / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def crawl(self, *arguments):
        options = [] if "--rate" in arguments else ["--rate", "1000000"]
        return self.run_program(*options, *arguments, cwd=self.folder)

    def link(self, draw, here, there):
        """One of the ways to write a link on page `here` to page `there`."""
        (host, path), (to_host, to_path) = here, there
        ways = [
            f"http://{to_host}{to_path}",
            f"https://{to_host}{to_path}#x",
            f"//{to_host}{to_path}",
        ]
        if host == to_host:
            ways.append(to_path + "?query=/")
            slash = "/" if to_path.endswith("/") else ""
            ways.append("./" + posixpath.relpath(to_path, posixpath.dirname(path)) + slash)
        start = draw.choice(["<a ", "<A ", "<a class='x' ", "<a\n"])
        mark = draw.choice(['"', "'"])
        return f"{start}{draw.choice(['href', 'HREF'])}={mark}{draw.choice(ways)}{mark}>there</a>"

    def make_sites(self, draw):
        """Random pages; some links lead to missing ones. Returns pages and their links."""
        pages = [
            (host, path)
            for host in HOSTS
            for path in ["/", "/deep/er/"]
            + [f"/{folder}{n}.html" for folder in ["", "deep/"] for n in range(20)]
        ]
        missing = [(host, f"/deep/missing-{n}") for host in HOSTS for n in range(3)]
        links = {}
        for here in pages:
            links[here] = draw.sample(pages, draw.randrange(4)) + (
                [draw.choice(missing)] if draw.random() < 0.2 else []
            )
            text = "".join(self.link(draw, here, there) for there in links[here])
            decoys = "<abbr href='/no'> href='/no' <a name=x> <a href='mailto:x@y'> <a href=''>"
            self.write(*here, f"é{decoys} {text} {decoys} <a")
        return pages, links

    def expected(self, pages, links, start):
        seen, waiting = {start}, [start]
        counts = collections.defaultdict(lambda: [0, 0, 0])
        for host, path in waiting:
            if (host, path) not in pages:
                counts[host][2] += 1
                continue
            file = self.folder / host / (path[1:] + ("index.html" if path.endswith("/") else ""))
            counts[host][0] += 1
            counts[host][1] += file.stat().st_size
            for there in links[host, path]:
                if there not in seen:
                    seen.add(there)
                    waiting.append(there)
        failed = sum(count[2] for count in counts.values())
        lines = (
            f"{host} {fetched} pages, {size} bytes, {missing} failed\n"
            for host, (fetched, size, missing) in sorted(counts.items())
        )
        return (1 if failed else 0), "".join(lines).encode(), failed

    def test_fetches_what_can_be_reached_once(self):
        draw = harness.seeded_random()
        pages, links = self.make_sites(draw)
        status, out, failed = self.expected(pages, links, pages[0])
        for workers in ["1", "2", "8", "64"]:
            found = self.crawl("--workers", workers, ".", "http://a.example/")
            self.assertEqual(found[:2], (status, out), found[2])
            self.assertEqual(
                found[2].count("No such file or directory, linked from http://"), failed
            )

    def test_a_page_with_many_links_to_one_host_is_no_problem(self):
        self.write("a", "/", "".join(f"<a href=//b/{n}>" for n in range(5000)))
        for number in range(5000):
            self.write("b", f"/{number}", "<a href='http://a/'>")
        status, out, err = self.crawl("--workers", "8", ".", "http://a")
        self.assertEqual(status, 0, err)
        self.assertTrue(out.endswith(b"b 5000 pages, 100000 bytes, 0 failed\n"), out)

    def test_links_do_not_leave_the_sites(self):
        self.write("a", "/x/y", "<a href='../../../b/secret'><a href='http://../b/secret'>")
        self.write("b", "/secret", "")
        status, out, err = self.crawl(".", "http://a/x/y")
        self.assertEqual((status, out), (1, b"a 1 pages, 57 bytes, 1 failed\n"), err)
        self.assertIn("http://a/b/secret: No such file or directory, linked from http://a/x/y", err)

    def test_pages_given_twice_are_fetched_once(self):
        self.write("a", "/", "")
        status, out, err = self.crawl(".", "http://a/", "http://a", "https://a/#x")
        self.assertEqual((status, out), (0, b"a 1 pages, 0 bytes, 0 failed\n"), err)

    def test_what_is_no_page_fails_by_name(self):
        self.write("a", "/folder/page", "")
        status, _, err = self.crawl(
            ".", "http://a/folder", "http://a/missing", "http://a/folder/page"
        )
        self.assertEqual(status, 1)
        self.assertIn("crawler: http://a/folder: is no file\n", err)
        self.assertIn("crawler: http://a/missing: No such file or directory\n", err)

    def test_bad_usage_is_refused_by_name(self):
        self.assert_refused(naming="no folder and URL given")
        self.assert_refused(".", naming="no folder and URL given")
        self.assert_refused("missing", "http://a/", naming="missing: no directory")
        for url in ["page.html", "ftp://a/", "http://", "http://../a", "mailto:a@b"]:
            self.assert_refused(".", url, naming=f"{url}: not of the form", cwd=self.folder)
        self.assert_refused("--rate", "0", ".", "http://a/", naming="--rate")
        self.assert_refused("--bogus", ".", "http://a/", naming="--bogus")

    def test_help(self):
        self.assert_help()

    def test_pages_that_are_found_are_paced_too_and_an_interrupt_ends_the_wait(self):
        # At a page a second this takes an hour, unless pages that links lead to have no pace.
        self.write(
            "a", "/", "".join(f"<a href=//{host}/{n}>" for host in HOSTS for n in range(1200))
        )
        for host in HOSTS:
            for number in range(1200):
                self.write(host, f"/{number}", "")
        status, out, shown = self.interrupt(
            "--rate", "1", ".", "http://a/", shows=b"pages", cwd=self.folder
        )
        self.assertEqual(status, harness.INTERRUPTED, shown)
        self.assertIn("cancelled", shown)


if __name__ == "__main__":
    harness.main()
