"""The charts drawn from verdicts, not from times: who separates from all of another model's implementations, and from how many units on."""
import support

import crossover
import results
import spread
from machine_test import Machine


def block_of(params, *entries, faster=()):
    """A block of (runtime, variant, kind, median or status); faster: pairs of names of which the first is."""
    made = [{"runtime": r, "variant": v, "kind": k, "headline": not v, "model": r, "status": m if isinstance(m, str) else "ok", "reason": "", "n": 12,
             **({} if isinstance(m, str) else {"median": m, "low": m * 0.98, "high": m * 1.02})} for r, v, k, m in entries]
    names = [results.name_of(e) for e in made if e["status"] == "ok"]
    pairs = [{"a": a, "b": b, "ratio": 1.5, "low": 1.4, "high": 1.6, "verdict": "faster" if (a, b) in faster else "slower" if (b, a) in faster else "not separated"}
             for i, a in enumerate(names) for b in names[i + 1:]]
    return {"id": "b1", "workload": "w", "label": "", "params": params, "workers": 1, "placement": "compact", "rounds": 12, "op": "round trip", "entries": made, "pairs": pairs}


class Spread(Machine):
    ENTRIES = (("green", "", "model", 100.0), ("go", "", "reference", 200.0), ("channels", "", "model", 400.0), ("crossbeam", "", "reference", 300.0), ("threads", "", "model", 900.0),
               ("seq", "", "seq", 50.0), ("awk", "", "reference", 5000.0))
    ALL = (("green", "channels"), ("green", "crossbeam"), ("go", "channels"), ("go", "crossbeam"))

    def test_groups_that_do_not_overlap_give_a_verdict_on_the_models(self):
        block = block_of("", *self.ENTRIES, faster=self.ALL)
        self.assertEqual({m: [e["runtime"] for e in v] for m, v in spread.groups(block).items()},
                         {"threads": ["threads"], "channels": ["crossbeam", "channels"], "green": ["green", "go"], "": ["awk"]})
        self.assertEqual(spread.sentence(block), "Whichever the implementation, green threads are faster than channels (at least 1.50×). "
                         "One implementation only, so nothing is said of threads.")

    def test_one_pair_that_is_not_separated_is_enough_to_say_nothing(self):
        self.assertTrue(spread.sentence(block_of("", *self.ENTRIES, faster=self.ALL[:3])).startswith("No model is apart from another as a model."))

    def test_bare_system_calls_belong_to_the_units_that_make_them(self):
        self.assertEqual([spread.model_of({"runtime": "bare", "variant": v}) for v in ("futex", "futex-shared", "pipe")], ["threads", "processes", "processes"])

    def test_it_is_drawn_where_two_models_have_two_implementations(self):
        run, block = results.Run(self.make(axis=False)), block_of("", *self.ENTRIES, faster=self.ALL)
        self.assertFalse([b["id"] for b in run.blocks if spread.wanted(b)])  # of processes alone there are several
        self.assertTrue(spread.wanted(block))
        self.assertEqual(len(spread.draw(run, run.folder / "charts", block)["table"]["rows"]), 6)
        self.whole(run.folder, "b1-spread")


class Crossover(Machine):
    HEADS = [(name, "", "model", 100.0) for name in ("threads", "channels", "green", "stackless")]
    GREEN = (("green", "threads"), ("green", "channels"))

    def blocks(self, **changed):
        """N = 10, 100, 1000, 10000; green is ahead at 10, and from 1000 on, where in the end threads are refused."""
        made = {n: block_of(f"units={n}", *self.HEADS, faster=self.GREEN if n in (10, 1000) else ()) for n in (10, 100, 1000)}
        made[10000] = block_of("units=10000", ("threads", "", "model", "refused"), *self.HEADS[1:], faster=self.GREEN[1:])
        return {**made, **changed}

    def test_the_least_n_is_where_it_stays_ahead(self):
        blocks = self.blocks()
        self.assertEqual(crossover.least(blocks, "green"), 1000)
        self.assertEqual(crossover.told_of(blocks, "green"), "from 1,000 (not at 100)")
        self.assertEqual(crossover.told_of(blocks, "stackless"), "never here (up to 10,000)")
        del blocks[100]
        self.assertEqual(crossover.told_of(blocks, "green"), "from 10 at the latest")

    def test_to_be_refused_is_to_be_behind_and_to_fail_says_nothing(self):
        both = lambda status: block_of("units=1", *self.HEADS[:2], ("green", "", "model", status))
        self.assertEqual([crossover.state(both(s), "green") for s in ("refused", "failed")], ["not", ""])
        self.assertEqual(crossover.state(block_of("units=1", self.HEADS[0], self.HEADS[2], faster=self.GREEN), "green"), "")  # no channels to compare with

    def test_too_few_rounds_do_not_say_never(self):
        blocks = self.blocks()
        for entry in blocks[100]["entries"]:
            entry["n"] = 3
        self.assertEqual(crossover.told_of(blocks, "green"), "from 10 at the latest")
        for entry in (e for b in blocks.values() for e in b["entries"]):
            entry["n"] = 3
        self.assertEqual(crossover.told_of({n: blocks[n] for n in (10, 100, 1000)}, "stackless"), "not compared")

    def test_a_run_with_a_sweep_has_the_chart_and_another_has_none(self):
        run = results.Run(self.make(axis=False))
        self.assertIsNone(crossover.draw(run, run.folder / "charts"))
        run.blocks = list(self.blocks().values())
        made = crossover.draw(run, run.folder / "charts")
        self.assertEqual([row[3] for row in made["table"]["rows"]], ["from 1,000 (not at 100)", "never here (up to 10,000)"])
        self.whole(run.folder, "crossover")


if __name__ == "__main__":
    support.main()
