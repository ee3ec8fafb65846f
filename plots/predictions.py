"""What a class predicted (predictions.csv) and answered at the end (exit.csv), held against what a run separated.
Question k is about block k of the run. Pairs that the run did not separate have no right answer and don't count."""
import csv

import results

FILES = {"predictions.csv": "predicted", "exit.csv": "answered at the end"}
COLUMNS = ("alias", "question", "rank", "model")


def read(path):
    """{(alias, question): {model: rank}} of a pathlib.Path or zipfile.Path; Damaged names the line."""
    try:
        with path.open("r", newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except FileNotFoundError:
        raise results.Damaged(f"{path}: missing: expected what scripts/predict writes")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise results.Damaged(f"{path}: cannot be read: {error}")
    if not rows or any(c not in rows[0] for c in COLUMNS):
        raise results.Damaged(f"{path}: line 1: expected the columns {','.join(COLUMNS)}")
    ranks = {}
    for line, cells in enumerate(rows[1:], 2):
        row = dict(zip(rows[0], cells))
        if len(cells) != len(rows[0]) or not all(row[c].isdecimal() and len(row[c]) < 6 for c in ("question", "rank")) or row["question"] == "0":
            raise results.Damaged(f"{path}: line {line}: expected an alias, the number of a question, a rank and a model")
        ranks.setdefault((row["alias"], int(row["question"])), {})[row["model"]] = int(row["rank"])
    return ranks


def score(block, rank):
    """[(faster, slower, predicted so?)] of the pairs that the block separated and that have both a rank."""
    said = []
    for pair in block["pairs"]:
        if pair["verdict"] in ("faster", "slower") and pair["a"] in rank and pair["b"] in rank and rank[pair["a"]] != rank[pair["b"]]:
            faster, slower = (pair["a"], pair["b"]) if pair["verdict"] == "faster" else (pair["b"], pair["a"])
            said.append((faster, slower, rank[faster] < rank[slower]))
    return said


def by_model(scored):
    """{model: [pairs, right, thought too fast, thought too slow]} of what score gave, several blocks together."""
    models = {}
    for faster, slower, right in scored:
        for model, place in ((faster, 3), (slower, 2)):
            counts = models.setdefault(model, [0, 0, 0, 0])
            counts[0] += 1
            counts[1] += right
            counts[place] += not right
    return models
