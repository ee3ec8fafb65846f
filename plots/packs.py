"""Result folders and packs (zip files with what merge and compare need of one) opened alike, and the one line that a
command of plots/ says when something is wrong. Standard library alone."""
import argparse
import io
import pathlib
import sys
import zipfile
import zlib

import results

LARGEST = 64 << 20  # bytes that one file of a pack may unfold to


class Parser(argparse.ArgumentParser):
    """One line and exit status 2 for a wrong command."""

    def error(self, message):
        print(f"fiveways: {self.prog.rpartition(' ')[2]}: {message} (--help says more)", file=sys.stderr)
        raise SystemExit(2)


def fail(command, error):
    print(f"fiveways: {command}: {error}", file=sys.stderr)
    return 1


def unzip(path, file=None):
    """The zip at path (or in the open file, called path), its members' sizes checked."""
    try:
        archive = zipfile.ZipFile(file or path)
        large = next((m for m in archive.infolist() if m.file_size > LARGEST), None)
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise results.Damaged(f"{path}: no whole zip file ({str(error).lower()}): expected what `fiveways pack` makes, or a result folder")
    if large:
        raise results.Damaged(f"{path}: {large.filename} would be {large.file_size:,} bytes: expected at most {LARGEST:,}")
    archive.filename = str(path)
    return archive


def run_in(archive, at=""):
    """The run in a folder of an archive."""
    try:
        return results.Run(zipfile.Path(archive, at))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise results.Damaged(f"{archive.filename}: {error}: the file is damaged or cut short")


def open_run(path):
    """The run in a result folder or in a pack."""
    if pathlib.Path(path).is_file():
        return run_in(unzip(path))
    return results.Run(path)


def nested(archive, member):
    """The zip file within a zip file."""
    name = f"{archive.filename}/{member}"
    try:
        return unzip(name, io.BytesIO(archive.read(member)))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise results.Damaged(f"{name}: {error}: the file is damaged or cut short")
