"""Routing: sends the second argument with the severity that the first one is."""

import sys

from broker import connect

connection = connect()
channel = connection.channel()
channel.exchange_declare(exchange="direct_logs", exchange_type="direct")
severity, message = sys.argv[1:3]
channel.basic_publish(exchange="direct_logs", routing_key=severity, body=message)
print(f"Sent {severity}: {message}", flush=True)
connection.close()
