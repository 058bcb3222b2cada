#!/usr/bin/env python3
"""What happens around a start of the agent. Settings stand in agent_startup.json beside this file.

before   fetch the newest configuration, then look at it. Nothing that goes wrong while fetching keeps the agent from starting. A
         configuration that cannot be right is replaced by the last one with which the agent was well (the watchdog keeps those);
         where there is none, the start fails.
answers  wait until the gateway answers.
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

SETTINGS = pathlib.Path(os.environ.get('AGENT_STARTUP', pathlib.Path(__file__).with_suffix('.json')))
SHORTEST_TOKEN = 40


def say(text):
    print(text, flush=True)


def pull(settings):
    """The reconciler may be what starts the agent: then its lock is held, and it has fetched already."""
    argv = settings['pull']
    if not argv:
        return
    try:
        done = subprocess.run(argv, timeout=settings['pull_seconds'], stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f'{settings["agent"]} starts with what it has: {error}')
        return
    if done.returncode == 5:
        say('a run is under way, which brings the configuration')
    elif done.returncode != 0:
        say(f'{settings["agent"]} starts with what it has: {argv[0]} ended with {done.returncode}')


def fault_of(path):
    """What is certainly wrong with a configuration; None where nothing is. YAML itself is Hermes' to judge."""
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        return str(error)
    if not re.search(r'^model:', text, re.MULTILINE):
        return 'it names no model'
    if re.search(r'^\t', text, re.MULTILINE):
        return 'it is indented with tabs'
    if re.search(r'^(<<<<<<<|=======|>>>>>>>)', text, re.MULTILINE):
        return 'it holds marks of a merge conflict'
    return None


def last_good(settings):
    snapshot = pathlib.Path(settings['snapshots']) / 'last-good'
    try:
        kept = json.loads((snapshot / 'manifest.json').read_text(encoding='utf-8'))['files']
    except (OSError, ValueError, KeyError):
        return None
    names = [each['name'] for each in kept if each['path'] == settings['config']]
    return snapshot / names[0] if names else None


def check_config(settings):
    config = pathlib.Path(settings['config'])
    fault = fault_of(config)
    if fault is None:
        return True
    good = last_good(settings)
    if good is None or fault_of(good) is not None:
        say(f'{config}: {fault}; and there is no configuration that was well')
        return False
    staged = config.with_suffix('.startup')
    staged.unlink(missing_ok=True)
    staged.write_bytes(good.read_bytes())
    staged.chmod(0o444)
    staged.replace(config)
    say(f'{config}: {fault}; put back the last one that was well, of {good.resolve().parent.name}')
    return True


def check_token(settings):
    path = pathlib.Path(settings['token_file'])
    try:
        if len(path.read_bytes().strip()) >= SHORTEST_TOKEN:
            return True
    except FileNotFoundError:
        return True
    except OSError as error:
        say(f'the token cannot be read: {error}')
        return False
    say(f'{path} holds a token of fewer than {SHORTEST_TOKEN} characters')
    return False


def before(settings):
    pull(settings)
    return check_config(settings) and check_token(settings)


def answers(settings):
    end = time.monotonic() + settings['answer_seconds']
    while time.monotonic() < end:
        try:
            socket.create_connection(('127.0.0.1', settings['port']), timeout=5).close()
            return True
        except OSError:
            time.sleep(0.2)
    say(f'the gateway does not answer on port {settings["port"]} after {settings["answer_seconds"]} s')
    return False


def main():
    stages = {'before': before, 'answers': answers}
    stage = stages.get(sys.argv[1] if len(sys.argv) > 1 else '')
    if stage is None:
        print('agent_startup.py before | answers', file=sys.stderr)
        return 64
    return 0 if stage(json.loads(SETTINGS.read_text(encoding='utf-8'))) else 1


if __name__ == '__main__':
    sys.exit(main())
