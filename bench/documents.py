"""A document of a benchmark: what one of its programs prints (support/results.hpp)."""


class Document:
    """The figures of one program's run, by peer, case and metric."""

    def __init__(self, document):
        self.conditions = document["conditions"]
        self.notes = document["notes"]
        self.labels, self.cases, self._figures = {}, [], {}
        for figure in document["figures"]:
            self.labels.setdefault(figure["peer"], figure["label"])
            if figure["case"] not in self.cases:
                self.cases.append(figure["case"])
            self._figures[figure["peer"], figure["case"], figure["metric"]] = figure

    def figure(self, peer, case, metric):
        return self._figures.get((peer, case, metric))

    def median(self, peer, case, metric="ns"):
        """The median, or None where it was not measured."""
        figure = self.figure(peer, case, metric)
        return figure and figure["median"]

    def metrics(self):
        return list(dict.fromkeys(metric for _, _, metric in self._figures))

    def efficiency(self, peer, case, own_loop=False):
        """In per cent, against the plain loop in C++ or the peer's own."""
        plain = self.median(peer, case, "own_plain_ns") if own_loop else self.median("plain", case)
        ns = self.median(peer, case)
        return plain and ns and 100 * plain / self.conditions["cores"] / ns

    def ratio(self, peer, case, metric="ns"):
        """Of the peer's median to the plain loop's."""
        plain, value = self.median("plain", case, metric), self.median(peer, case, metric)
        return plain and value and value / plain


def document(results, name):
    found = results["tables"].get(name)
    return found and Document(found)
