"""What Debian's Ansible makes of templates.

Standard input: JSON {"variables": {...}, "texts": [...], "files": [...]}. Standard output: JSON, one text per input, files last, or null where Ansible fails.
"""

import json
import sys

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

question = json.load(sys.stdin)
answers = []
cases = [(text, True) for text in question["texts"]] + [(text, False) for text in question["files"]]
for text, is_scalar in cases:
    templar = Templar(loader=DataLoader(), variables=question["variables"])
    templar.environment.trim_blocks = True
    templar.environment.lstrip_blocks = True
    try:
        answers.append(str(templar.template(text, convert_data=False, escape_backslashes=is_scalar)))
    except Exception:
        answers.append(None)
json.dump(answers, sys.stdout)
