"""Work queues: queues a task for each argument; each full stop in it is a tenth of a second of work."""

import sys

import pika
from broker import connect

connection = connect()
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)
for task in sys.argv[1:]:
    channel.basic_publish(
        exchange="",
        routing_key="task_queue",
        body=task,
        properties=pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent),
    )
    print(f"Sent {task}", flush=True)
connection.close()
