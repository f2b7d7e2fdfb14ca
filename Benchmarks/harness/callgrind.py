"""Callgrind's files, as functions and their instructions."""

import re
import shutil
import subprocess
from pathlib import Path

from .problems import CannotRun


#: What a Swift program does most and sees least. On a processor each of these calls is an atomic operation, some
#: 5 ns, far more than its few instructions make believe.
COUNTED = ("swift_retain", "swift_release", "malloc")


class Profile:
    """Instructions in total, and by function: its own, and with all it calls. Calls of some functions by caller."""

    def __init__(self, path):
        self.exclusive = annotated(path, inclusive=False)
        self.inclusive = annotated(path, inclusive=True)
        self.total = sum(self.exclusive.values())
        self.calls = calls(path, COUNTED)


def annotated(path, inclusive):
    """Function → instructions, as callgrind_annotate adds them up."""
    costs = {}
    for line in _annotate(path, f"--inclusive={'yes' if inclusive else 'no'}"):
        found = re.match(r"\s*([\d,]+)\s+(\S+?):(.+?)(?: \[(.*)\])?$", line)
        if found and "PROGRAM TOTALS" not in line:
            _, _, function, image = found.groups()
            name = _named(function, image)
            cost = int(found.group(1).replace(",", ""))
            # A function in several files of debug information, or at several depths of a recursion, is one function.
            costs[name] = max(costs.get(name, 0), cost) if inclusive else costs.get(name, 0) + cost
    if not costs:
        raise CannotRun("callgrind_annotate found no functions")
    return costs


def calls(path, functions):
    """For each of the functions: caller → number of calls."""
    counts = {function: {} for function in functions}
    callers = []
    for line in _annotate(path, "--inclusive=yes", "--tree=caller"):
        found = re.match(r"\s*[\d,]+\s+([<*])\s+(\S+?):(.+?)(?: \(([\d,]+)x\))?(?: \[(.*)\])?$", line)
        if not found:
            callers = []
            continue
        mark, _, function, times, image = found.groups()
        if mark == "<":
            callers.append((_named(function, image), int((times or "0").replace(",", ""))))
            continue
        if function in counts:
            for name, count in callers:
                counts[function][name] = counts[function].get(name, 0) + count
        callers = []
    return counts


def _annotate(path, *options):
    done = subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--show-percs=no", "--auto=no", *options, str(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    if done.returncode != 0:
        raise CannotRun(f"callgrind_annotate: {done.stderr.strip()}")
    return done.stdout.splitlines()


def _named(function, image):
    """Without the depth of a recursion, and with the file's name only."""
    function = re.sub(r"'\d+$", "", function)
    return f"{function} [{Path(image).name}]" if image else function


def demangled(names):
    """Swift's names as people write them, if the toolchain is there."""
    if not shutil.which("swift"):
        return {name: name for name in names}
    done = subprocess.run(
        ["swift", "demangle", "--simplified"], input="\n".join(names), stdout=subprocess.PIPE, text=True, timeout=120)
    lines = done.stdout.splitlines()
    return dict(zip(names, lines)) if len(lines) == len(names) else {name: name for name in names}
