"""What Python makes of patterns.

Standard input: JSON [{"pattern", "flags", "texts", "replacement"}, ...]. Standard output: JSON, per pattern null where Python refuses it,
otherwise per text the answer, or null where Python itself fails or takes too long.
"""

import json
import re
import signal
import sys
import warnings

warnings.simplefilter("ignore")


def give_up(*_):
    raise SystemError("too long")


def answer(expression, replacement, text):
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        found, first = expression.search(text), expression.match(text)
        try:
            replaced = None if replacement is None else expression.sub(replacement, text)
        except (re.error, IndexError):
            replaced = False
        return {
            "search": found and [found.group(), *found.groups()],
            "match": first and [first.group(), *first.groups()],
            "all": [[match.group(), *match.groups()] for match in expression.finditer(text)],
            "replaced": replaced,
        }
    except SystemError:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


signal.signal(signal.SIGALRM, give_up)
answers = []
for case in json.load(sys.stdin):
    flags = sum({"i": re.I, "m": re.M}[letter] for letter in case["flags"])
    try:
        expression = re.compile(case["pattern"], flags)
    except (re.error, OverflowError, ValueError):
        answers.append(None)
        continue
    answers.append([answer(expression, case.get("replacement"), text) for text in case["texts"]])
json.dump(answers, sys.stdout)
