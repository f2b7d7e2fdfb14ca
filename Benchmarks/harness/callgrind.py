"""Callgrind's files, as functions and their instructions."""

import re
import shutil
import subprocess
from pathlib import Path

from .problems import CannotRun


class Profile:
    """Instructions in total, and by function: its own, and with all it calls."""

    def __init__(self, path):
        self.exclusive = annotated(path, inclusive=False)
        self.inclusive = annotated(path, inclusive=True)
        self.total = sum(self.exclusive.values())


def annotated(path, inclusive):
    """Function → instructions, as callgrind_annotate adds them up."""
    done = subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--show-percs=no", "--auto=no",
         f"--inclusive={'yes' if inclusive else 'no'}", str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    if done.returncode != 0:
        raise CannotRun(f"callgrind_annotate: {done.stderr.strip()}")
    costs = {}
    for line in done.stdout.splitlines():
        found = re.match(r"\s*([\d,]+)\s+(\S+?):(.+?)(?: \[(.*)\])?$", line)
        if found and "PROGRAM TOTALS" not in line:
            _, _, function, image = found.groups()
            function = re.sub(r"'\d+$", "", function)
            name = f"{function} [{Path(image).name}]" if image else function
            cost = int(found.group(1).replace(",", ""))
            # A function in several files of debug information, or at several depths of a recursion, is one function.
            costs[name] = max(costs.get(name, 0), cost) if inclusive else costs.get(name, 0) + cost
    if not costs:
        raise CannotRun("callgrind_annotate found no functions")
    return costs


def demangled(names):
    """Swift's names as people write them, if the toolchain is there."""
    if not shutil.which("swift"):
        return {name: name for name in names}
    done = subprocess.run(
        ["swift", "demangle", "--simplified"], input="\n".join(names), stdout=subprocess.PIPE, text=True, timeout=120)
    lines = done.stdout.splitlines()
    return dict(zip(names, lines)) if len(lines) == len(names) else {name: name for name in names}
