"""What Debian's Ansible makes of templates: of scalars as its variables have them, and of files as its `template` module does.

Standard input: JSON {"variables": YAML, "texts": [...], "files": [...]}. Standard output: JSON, one text per input, files last, or null where Ansible fails.
"""

import json
import sys

from ansible.parsing.dataloader import DataLoader
from ansible.template import AnsibleEnvironment, Templar

question = json.load(sys.stdin)
variables = DataLoader().load(question["variables"])


def scalar(text):
    templar = Templar(loader=DataLoader(), variables=variables)
    return templar.template(text, convert_data=False)


def file(text):
    templar = Templar(loader=DataLoader(), variables=variables)
    module = templar.copy_with_new_env(
        environment_class=AnsibleEnvironment, newline_sequence="\n", trim_blocks=True, lstrip_blocks=False
    )
    return module.do_template(text, preserve_trailing_newlines=True, escape_backslashes=False)


answers = []
for render, texts in ((scalar, question["texts"]), (file, question["files"])):
    for text in texts:
        try:
            answers.append(str(render(text)))
        except Exception:
            answers.append(None)
json.dump(answers, sys.stdout)
