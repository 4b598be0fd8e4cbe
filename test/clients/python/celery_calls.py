"""What a caller of Celery does, by name; prints the outcome as JSON. Each waits for a worker that somebody else runs."""

import json
import sys

from celery import chain, group
from tasks import add, app, fail_twice, work

PATIENCE_S = 60


def add_numbers():
    return add.delay(4, 4).get(timeout=PATIENCE_S)


def retry():
    return fail_twice.delay().get(timeout=PATIENCE_S)


def chained():
    return chain(add.s(2, 2), add.s(4), add.s(8)).delay().get(timeout=PATIENCE_S)


def grouped():
    return group(add.s(n, n) for n in range(10))().get(timeout=PATIENCE_S)


def later():
    """More tasks that are due later than the worker takes at a time, and one that is due now."""
    waiting = [add.apply_async((n, n), countdown=3) for n in range(20)]
    first = add.delay(1, 1).get(timeout=PATIENCE_S)
    return [first, *(result.get(timeout=PATIENCE_S) for result in waiting)]


def ping():
    return sorted(reply for answer in app.control.ping(timeout=3) for reply in answer.values())


def stats():
    inspect = app.control.inspect(timeout=3)
    [of_worker] = (inspect.stats() or {}).values()
    [tasks] = (inspect.registered() or {}).values()
    return {"pool": of_worker["pool"]["max-concurrency"], "tasks": sorted(tasks)}


def events():
    """What the worker tells of one task, and of itself now and then."""
    seen = set()

    class Receiver(app.events.Receiver):
        def on_consume_ready(self, *args, **options):
            super().on_consume_ready(*args, **options)
            add.delay(1, 2)

    with app.connection_for_read() as connection:
        receiver = Receiver(connection, handlers={"*": lambda event: seen.add(event["type"])})
        for _ in receiver.itercapture(timeout=PATIENCE_S):
            if {"task-succeeded", "worker-heartbeat"} <= seen:
                break
    return sorted(seen & {"task-received", "task-started", "task-succeeded", "worker-heartbeat"})


def late_work():
    """Whether the worker that did it got it from another that had begun."""
    return work.delay(float(sys.argv[2])).get(timeout=PATIENCE_S)


calls = [add_numbers, retry, chained, grouped, later, ping, stats, events, late_work]
print(json.dumps({call.__name__: call for call in calls}[sys.argv[1]]()), flush=True)
