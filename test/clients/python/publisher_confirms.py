"""Publisher confirms: publishes as many messages as the argument says and waits for each; then one that nobody gets."""

import sys

import pika
from broker import connect

connection = connect()
channel = connection.channel()
queue = channel.queue_declare(queue="", exclusive=True).method.queue
channel.confirm_delivery()
count = int(sys.argv[1])
for index in range(count):
    channel.basic_publish(exchange="", routing_key=queue, body=str(index), mandatory=True)
print(f"Confirmed {count}", flush=True)
try:
    channel.basic_publish(exchange="", routing_key="nobody", body="lost", mandatory=True)
except pika.exceptions.UnroutableError as error:
    print(f"Returned {error.messages[0].method.reply_text}", flush=True)

received = set()
for method, _properties, body in channel.consume(queue):
    channel.basic_ack(method.delivery_tag)
    received.add(int(body))
    if len(received) == count:
        break
print(f"Received {len(received)}", flush=True)
connection.close()
