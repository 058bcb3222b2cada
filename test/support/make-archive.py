"""Makes an archive from a description: make-archive.py <format> <target> <JSON list of entries>."""
import io, json, sys, tarfile, zipfile

format, target, entries = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


def text(entry):
    return entry.get("text", "").encode() * entry.get("times", 1)


def tar(mode, dialect):
    types = {"file": tarfile.REGTYPE, "directory": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "link": tarfile.LNKTYPE,
             "fifo": tarfile.FIFOTYPE, "device": tarfile.CHRTYPE}
    with tarfile.open(target, mode, format=dialect) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry["path"])
            info.type = types[entry.get("type", "file")]
            info.mode = int(entry.get("mode", "0644"), 8)
            info.linkname = entry.get("target", "")
            info.size = len(text(entry))
            archive.addfile(info, io.BytesIO(text(entry)))


def zip():
    types = {"file": 0o100000, "directory": 0o040000, "symlink": 0o120000, "fifo": 0o010000}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries:
            kind = entry.get("type", "file")
            info = zipfile.ZipInfo(entry["path"] + ("/" if kind == "directory" else ""))
            info.create_system = 3
            info.external_attr = (types[kind] | int(entry.get("mode", "0644"), 8)) << 16
            archive.writestr(info, entry["target"].encode() if kind == "symlink" else text(entry), zipfile.ZIP_DEFLATED)


if format == "zip":
    zip()
elif format == "gnu":
    tar("w:gz", tarfile.GNU_FORMAT)
else:
    tar({"tar.gz": "w:gz", "tar.xz": "w:xz", "tar": "w"}[format], tarfile.PAX_FORMAT)
