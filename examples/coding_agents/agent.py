"""The demo's agent: reads a task as JSON and prints what an agent would, over a few seconds. It changes nothing.

It is run as a program of its own, so it imports nothing of the platform.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Final

_STEPS: Final = (
    (5, "::command git clone --depth 1 {repo}"),
    (15, "Cloned into 'repository'"),
    (20, "::command {agent} --model {model} --print"),
    (30, "Reading the repository: 42 files, 3 of them tests"),
    (45, "Plan: 1. find the place  2. change it  3. run the tests"),
    (60, "Editing src/service.py"),
    (70, "Editing tests/test_service.py"),
    (80, "::command pytest -q"),
    (90, "17 passed in 0.42s"),
    (95, "::command git push origin HEAD"),
)


def main() -> None:
    task = json.load(sys.stdin)
    words = {
        "repo": task["repo_url"] or "https://example.com/repository.git",
        "agent": task["agent"],
        "model": task["model"] or "default",
    }
    print(f"Task: {task['prompt'].splitlines()[0][:200]}")
    for progress, step in _STEPS:
        time.sleep(0.4)
        print(step.format(**words))
        print(f"::progress {progress}")
    said = [each["content"] for each in task["messages"] if each["role"] == "user"]
    print(f"::reply I did what you asked: {(said[-1] if said else task['prompt']).splitlines()[0][:200]}")
    print("::success Done.")


if __name__ == "__main__":
    main()
