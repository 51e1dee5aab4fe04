"""bench/report.py turns figures into tables, a list of goals and pictures, and fills marked places
of a page."""

import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import goals  # noqa: E402
import pictures  # noqa: E402
import report  # noqa: E402
import table_text  # noqa: E402
import tables  # noqa: E402


def figure(peer, case, metric, median):
    return {
        "peer": peer,
        "label": peer.upper(),
        "case": case,
        "metric": metric,
        "samples": 3,
        "median": median,
        "q1": median,
        "q3": median,
        "least": median,
        "most": 1.5 * median,
        "deviation": 0.1 * median,
    }


def document(figures, **conditions):
    return {
        "program": "x",
        "notes": ["Something is missing."],
        "figures": figures,
        "conditions": {
            "workers": 2,
            "cores": 2,
            "queue": 200,
            "rounds": 3,
            "elapsed_s": 1,
            **conditions,
        },
    }


def throughput(times):
    """`times`: {peer: {case: ns}}; CPU time is twice the wall time."""
    return document(
        [
            figure(peer, case, metric, factor * ns)
            for peer, cases in times.items()
            for case, ns in cases.items()
            for metric, factor in (("ns", 1), ("cpu_ns", 2))
        ]
    )


def results(**documents):
    return {
        "date": "2026-01-31",
        "pace": "full",
        "command": "./dev bench",
        "versions": {"oneTBB": "1.2"},
        "machine": {"cpu": "A", "cpus": 2, "system": "B", "kernel": "C"},
        "tables": documents,
    }


def recording(ns):
    """A recorded item of 1 us takes so long, one that is not recorded 1,000 ns."""
    times = {
        "plain": 2000,
        "parwork": 1000,
        "parwork-input": 1000,
        "parwork-recorded": ns,
        "parwork-recorded-input": 1010,
    }
    return throughput({peer: {"1us": time} for peer, time in times.items()})


def verdicts(found):
    return {goal.what: goal.met for goal in goals.goals(found)}


FAST = throughput(
    {
        "plain": {"empty": 8, "1us": 1000},
        "parwork": {"empty": 6, "1us": 510},
        "parwork-input": {"empty": 6.1, "1us": 600},
    }
)


def journal(full_ns):
    cases = {"16 bytes, empty": 10, "16 bytes, grain": 500, "1 KiB, empty": 100}
    found = document(
        [
            figure(peer, case, metric, ns + above)
            for case, ns in cases.items()
            for peer, above in (("none", 0), ("process", 700), ("full", full_ns))
            for metric in ("ns", "cpu_ns")
        ],
        items=1_000_000,
        large_items=100_000,
        grain_ns=1000,
    )
    found["figures"] += [figure("full", case, "file_bytes", 57.8) for case in cases]
    found["figures"].append(figure("disk", "disk", "sync_ns", 188_000))
    return found


def resuming(skip_ns):
    return document(
        [
            figure(peer, "unchanged", metric, ns)
            for peer, ns in (("replay", 400), ("skip", skip_ns))
            for metric in ("ns", "cpu_ns")
        ],
        items=1_000_000,
    )


class Tables(unittest.TestCase):
    def test_show_the_efficiency_against_the_plain_loop(self):
        text = report.BLOCKS["efficiency"][1](results(throughput=FAST))
        self.assertIn("| PARWORK       |    67 |  98 |\n", text)
        self.assertIn("Something is missing.", text)

    def test_show_other_languages_against_their_own_loop_too(self):
        found = throughput({"plain": {"1us": 1000}, "go": {"1us": 1000}})
        found["figures"].append(figure("go", "1us", "own_plain_ns", 1200))
        text = tables.efficiency(results(throughput=found))
        self.assertIn(
            "| GO                             |  50 |\n| GO, against its own plain loop |  60 |\n",
            text,
        )

    def test_say_how_noisy_the_machine_was(self):
        text = tables.noise(results(throughput=FAST))
        self.assertIn("| median deviation of a round |  10.0 | 10.0 |\n", text)
        self.assertIn("| worst round                 |  50.0 | 50.0 |\n", text)

    def test_are_left_out_where_nothing_was_measured(self):
        text = report.everything(results(throughput=FAST))
        self.assertIn("## Throughput", text)
        self.assertNotIn("## Spawned items", text)

    def test_show_what_a_journal_costs_beside_what_the_disk_does(self):
        text = report.BLOCKS["journal"][1](results(journal=journal(900)))
        self.assertIn("takes this disk 188 us.", text)
        cells = [
            row.replace(" ", "").split("|")[1:-1]
            for row in text.splitlines()
            if row.startswith("| FULL")
        ]
        self.assertEqual(
            cells, [["FULL", "910", "910", "1,400", "1,400", "1,000", "1,000", "57.8", "57.8"]]
        )
        self.assertNotIn("DISK", text)

    def test_show_the_rate_of_resuming(self):
        text = report.BLOCKS["journal-resume"][1](results(**{"journal-resume": resuming(250)}))
        self.assertIn("| SKIP                   |      4.00 |             250 |\n", text)

    def test_show_what_recording_adds(self):
        text = report.BLOCKS["recorder"][1](results(recorder=recording(1023)))
        self.assertIn("| PARWORK       | +2.3 % |\n", text)
        self.assertNotIn("RECORDED", text)

    def test_show_what_a_form_of_work_adds_to_the_same_without(self):
        times = {"plain": 1, "parwork": 10, "parwork-keyed": 60}
        times |= {"parwork-one-function": 20, "parwork-stages": 21}
        found = throughput({peer: {"empty": ns} for peer, ns in times.items()})
        text = report.BLOCKS["forms"][1](results(forms=found))
        rows = [row.replace(" ", "").split("|")[1:-1] for row in text.splitlines()]
        self.assertIn(["PARWORK", "10.0", "20.0", ""], rows)
        self.assertIn(["PARWORK-KEYED", "60.0", "120", "+100.0"], rows)
        self.assertIn(["PARWORK-STAGES", "21.0", "42.0", "+2.0"], rows)
        self.assertNotIn("| PLAIN ", text)

    def test_do_without_what_a_form_of_work_is_measured_against(self):
        found = throughput({"plain": {"empty": 1}, "parwork-keyed": {"empty": 60}})
        text = report.BLOCKS["forms"][1](results(forms=found))
        self.assertIn("| PARWORK-KEYED", text)

    def test_show_lines_by_their_length(self):
        figures = [
            figure(peer, case, metric, ns)
            for peer, ns in (("plain", 20), ("parwork", 30))
            for case in ("10 bytes", "100 bytes")
            for metric in ("ns", "cpu_ns")
        ]
        text = report.BLOCKS["lines"][1](results(lines=document(figures, items=200_000)))
        self.assertIn("200,000 lines of a stream in memory", text)
        self.assertIn("| 10 bytes: time |  CPU | 100 bytes: time |  CPU |", text)

    def test_give_durations_in_the_unit_that_suits(self):
        self.assertEqual(
            [table_text.duration(ns) for ns in (0.5, 12.34, 3140, 2.5e6, 7e9)],
            ["0.50 ns", "12.3 ns", "3.14 us", "2.50 ms", "7.00 s"],
        )


class Goals(unittest.TestCase):
    def test_are_met_or_not(self):
        found = verdicts(results(throughput=FAST))
        self.assertTrue(found["efficiency, completion order, 1us"])
        self.assertTrue(found["efficiency, completion order, empty"])
        self.assertTrue(found["empty items, time above the ideal"])
        self.assertTrue(found["empty items, against the plain loop"])
        self.assertFalse(found["input order, behind completion order"])

    def test_that_were_not_measured_are_shown_without_a_verdict(self):
        found = verdicts(results(throughput=FAST))
        self.assertIsNone(found["efficiency, completion order, 50ns"])
        self.assertIsNone(found["split with reduce, behind tbb::parallel_for"])

    def test_are_not_met_by_rounding(self):
        times = {"plain": {"1us": 1000}, "parwork": {"1us": 500 / 0.9499}}
        self.assertFalse(
            verdicts(results(throughput=throughput(times)))["efficiency, completion order, 1us"]
        )

    def test_on_a_journal_are_on_what_it_adds_at_worst(self):
        goal = "a journalled item with 16 bytes, on top"
        self.assertTrue(verdicts(results(journal=journal(2999)))[goal])
        self.assertFalse(verdicts(results(journal=journal(3001)))[goal])
        self.assertNotIn(goal, verdicts(results(throughput=FAST)))

    def test_on_a_recorder_are_on_the_worse_order(self):
        goal = "recording a run of 1 us items"
        self.assertTrue(verdicts(results(recorder=recording(1049)))[goal])
        self.assertFalse(verdicts(results(recorder=recording(1051)))[goal])
        self.assertNotIn(goal, verdicts(results(throughput=FAST)))

    def test_on_resuming_are_on_the_slower_way(self):
        goal = "resuming, recorded items a second"
        self.assertTrue(verdicts(results(**{"journal-resume": resuming(999)}))[goal])
        self.assertFalse(verdicts(results(**{"journal-resume": resuming(1001)}))[goal])

    def test_count_those_that_are_met(self):
        self.assertIn(
            "4 of 11 goals are met, 6 were not measured.", goals.table(results(throughput=FAST))
        )


class Pages(unittest.TestCase):
    def test_have_their_marked_places_filled(self):
        page = "a\n<!-- bench:machine -->\nold\n<!-- /bench -->\nb\n"
        text = report.with_tables(page, results())
        self.assertTrue(text.startswith("a\n<!-- bench:machine -->\n- A, 2 CPUs, B, Linux C\n"))
        self.assertTrue(text.endswith("- oneTBB 1.2\n<!-- /bench -->\nb\n"))
        self.assertEqual(report.with_tables(text, results()), text)

    def test_keep_what_was_not_measured(self):
        page = "<!-- bench:spawn -->\nold\n<!-- /bench -->\n"
        self.assertEqual(report.with_tables(page, results()), page)

    def test_may_not_ask_for_unknown_tables(self):
        with self.assertRaisesRegex(ValueError, "no table is named 'spwan'"):
            report.with_tables("<!-- bench:spwan -->\n<!-- /bench -->\n", results())


class Pictures(unittest.TestCase):
    def test_are_well_formed_and_know_light_and_dark(self):
        calls = document(
            [
                figure(peer, case, "in_a_row_ns", 1000)
                for peer in ("plain", "parwork")
                for case in ("0", "1", "100")
            ],
            grain_ns=1000,
            pause_us=2000,
        )
        for picture in pictures.PICTURES.values():
            text = picture(results(throughput=FAST, calls=calls))
            xml.etree.ElementTree.fromstring(text)
            self.assertIn("prefers-color-scheme:dark", text)

    def test_are_not_drawn_where_nothing_was_measured(self):
        self.assertEqual([picture(results()) for picture in pictures.PICTURES.values()], [None] * 3)


if __name__ == "__main__":
    unittest.main()
