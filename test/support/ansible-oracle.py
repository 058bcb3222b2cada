"""Answers of Debian's Ansible for many inventories in one process.

Standard input: JSON [{"directory": ..., "patterns": [...], "host": name or null}]. Standard output: JSON, one object per inventory:
{"list": ..., "graph": ..., "host": ..., "patterns": {pattern: [host...] or null for an error}, "failed": text or null}.
Each inventory is read in a forked child, as Ansible keeps global state.
"""

import contextlib
import io
import json
import os
import sys

from ansible.cli.inventory import InventoryCLI
from ansible.inventory import group as group_module
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.utils.context_objects import GlobalCLIArgs

counter = [0]
original_init = group_module.Group.__init__


def numbered_init(self, name=None):
    original_init(self, name)
    counter[0] += 1
    self.number = counter[0]


class OrderedSet(set):
    """Ansible walks sets of groups in the order of their memory addresses; here the group made first comes first."""

    def __iter__(self):
        return iter(sorted(super().__iter__(), key=lambda member: getattr(member, "number", 0)))

    def copy(self):
        return OrderedSet(self)


group_module.Group.__init__ = numbered_init
group_module.set = OrderedSet


def command(*arguments):
    """The output of one command line; raises where the command fails."""
    # Ansible allows one command line per process.
    GlobalCLIArgs._Singleton__instance = None
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        InventoryCLI(["ansible-inventory", *arguments]).run()
    return out.getvalue()


def select(directory, patterns):
    manager = InventoryManager(loader=DataLoader(), sources=[directory])
    found = {}
    for pattern in patterns:
        try:
            found[pattern] = [host.name for host in manager.get_hosts(pattern)]
        except Exception:
            found[pattern] = None
    return found


def answer(case):
    directory = case["directory"]
    try:
        return {
            "list": json.loads(command("-i", directory, "--list")),
            "graph": command("-i", directory, "--graph"),
            "host": json.loads(command("-i", directory, "--host", case["host"])) if case["host"] else None,
            "patterns": select(directory, case["patterns"]),
            "failed": None,
        }
    except Exception as error:
        return {"list": None, "graph": None, "host": None, "patterns": {}, "failed": str(error)}


def in_child(case):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writer, "w") as pipe:
            json.dump(answer(case), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


# Loads the plugins once, before the children are forked.
with contextlib.suppress(Exception):
    InventoryManager(loader=DataLoader(), sources=["/nonexistent"])
devnull = os.open(os.devnull, os.O_WRONLY)
os.dup2(devnull, 2)
json.dump([in_child(case) for case in json.load(sys.stdin)], sys.stdout)
