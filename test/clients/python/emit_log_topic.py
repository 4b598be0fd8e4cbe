"""Topics: sends the second argument under the routing key that the first one is."""

import sys

from broker import connect

connection = connect()
channel = connection.channel()
channel.exchange_declare(exchange="topic_logs", exchange_type="topic")
routing_key, message = sys.argv[1:3]
channel.basic_publish(exchange="topic_logs", routing_key=routing_key, body=message)
print(f"Sent {routing_key}: {message}", flush=True)
connection.close()
