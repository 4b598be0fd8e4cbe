"""Work queues: takes one task at a time, and acknowledges it once it is done."""

import time

from broker import connect

connection = connect()
channel = connection.channel()
channel.queue_declare(queue="task_queue", durable=True)


def on_task(channel, method, _properties, body):
    task = body.decode()
    again = " again" if method.redelivered else ""
    print(f"Received {task}{again}", flush=True)
    time.sleep(task.count(".") / 10)
    channel.basic_ack(delivery_tag=method.delivery_tag)
    print(f"Done {task}", flush=True)


channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="task_queue", on_message_callback=on_task)
print("Waiting for messages", flush=True)
channel.start_consuming()
