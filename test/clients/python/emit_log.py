"""Publish/subscribe: sends the first argument to everybody who listens."""

import sys

from broker import connect

connection = connect()
channel = connection.channel()
channel.exchange_declare(exchange="logs", exchange_type="fanout")
channel.basic_publish(exchange="logs", routing_key="", body=sys.argv[1])
print(f"Sent {sys.argv[1]}", flush=True)
connection.close()
