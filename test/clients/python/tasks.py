"""A Celery application as its first steps have it, and tasks of each kind that a broker has to do with."""

import os
import time

from celery import Celery

app = Celery("tasks", broker=os.environ.get("AMQP_URL", "pyamqp://guest@localhost//"), backend="rpc://")


@app.task
def add(x, y):
    return x + y


@app.task(bind=True, max_retries=3)
def fail_twice(self):
    """Answers at which try it succeeded."""
    if self.request.retries < 2:
        raise self.retry(countdown=1)
    return self.request.retries


@app.task(bind=True, acks_late=True)
def work(self, seconds):
    """Prints when it begins; answers whether somebody else began it before."""
    print(f"working for {seconds} s", flush=True)
    time.sleep(seconds)
    return bool(self.request.delivery_info["redelivered"])
