"""What the scheduled scripts share: settings, the clock, atomic files, alerts."""

import datetime
import json
import os
import tempfile


def setting(name, default=None):
    """A value of fleet.env. The environment wins, so that run-job and people can override it."""
    if name in os.environ:
        return os.environ[name]
    value = _file().get(name, default)
    if value is None:
        raise SystemExit(f"{name} is neither in the environment nor in {_path()}")
    return value


def _path():
    here = os.path.dirname(os.path.abspath(__file__))
    return os.environ.get("FLEET_ENV", os.path.join(here, "..", "fleet.env"))


def _file():
    values = {}
    try:
        with open(_path(), encoding="utf-8") as lines:
            for line in lines:
                name, equals, value = line.strip().partition("=")
                if equals and not name.startswith("#"):
                    values[name] = value.strip("'")
    except FileNotFoundError:
        pass
    return values


def now():
    """The time in UTC. FLEET_NOW (ISO 8601) replaces it when a past day is to be reported again."""
    fixed = os.environ.get("FLEET_NOW")
    if fixed:
        return parse_time(fixed)
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def parse_time(text):
    """ISO 8601 to a time in UTC; one without a zone is in UTC. ValueError for anything else."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no time")
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return time.astimezone(datetime.timezone.utc) if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_atomic(path, text, mode=0o640):
    """Replaces a file in one step. Returns False and writes nothing when it already holds the text."""
    try:
        with open(path, encoding="utf-8") as old:
            if old.read() == text:
                return False
    except FileNotFoundError:
        pass
    directory = os.path.dirname(path)
    os.makedirs(directory, exist_ok=True)
    handle, staged = tempfile.mkstemp(dir=directory, prefix=".staged-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(text)
            new.flush()
            os.fchmod(new.fileno(), mode)
            os.fsync(new.fileno())
        os.replace(staged, path)
    except BaseException:
        os.unlink(staged)
        raise
    return True


def read_json(path, default=None):
    """A JSON file; `default` when it is absent or not JSON."""
    try:
        with open(path, encoding="utf-8") as text:
            return json.load(text)
    except (FileNotFoundError, ValueError):
        return default


def alert_dir():
    return os.path.join(setting("HEARTBEAT_DIR"), "alerts")


def set_alert(name, text):
    """Raises the alert `name`, or clears it when `text` is empty. Prints only what changed."""
    path = os.path.join(alert_dir(), name + ".alert")
    if text:
        if write_atomic(path, text.rstrip("\n") + "\n"):
            print(f"{stamp(now())} alert {name}: {text.splitlines()[0]}")
    elif os.path.exists(path):
        os.unlink(path)
        print(f"{stamp(now())} alert {name} cleared")
