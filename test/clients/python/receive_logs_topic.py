"""Topics: prints messages whose routing key matches one of the arguments."""

import sys

from broker import connect

connection = connect()
channel = connection.channel()
channel.exchange_declare(exchange="topic_logs", exchange_type="topic")
queue = channel.queue_declare(queue="", exclusive=True).method.queue
for pattern in sys.argv[1:]:
    channel.queue_bind(exchange="topic_logs", queue=queue, routing_key=pattern)


def on_message(_channel, method, _properties, body):
    print(f"Received {method.routing_key}: {body.decode()}", flush=True)


channel.basic_consume(queue=queue, on_message_callback=on_message, auto_ack=True)
print("Waiting for messages", flush=True)
channel.start_consuming()
