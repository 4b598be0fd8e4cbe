"""RPC: asks for the Fibonacci numbers of the arguments. With `direct` first, answers come without a queue."""

import sys
import uuid

import pika
from broker import connect


class FibonacciClient:
    def __init__(self, is_direct):
        self.connection = connect()
        self.channel = self.connection.channel()
        declared = None if is_direct else self.channel.queue_declare(queue="", exclusive=True)
        self.reply_to = "amq.rabbitmq.reply-to" if declared is None else declared.method.queue
        self.channel.basic_consume(queue=self.reply_to, on_message_callback=self.on_response, auto_ack=True)

    def on_response(self, _channel, _method, properties, body):
        if properties.correlation_id == self.correlation_id:
            self.response = body

    def call(self, n):
        self.response = None
        self.correlation_id = str(uuid.uuid4())
        properties = pika.BasicProperties(reply_to=self.reply_to, correlation_id=self.correlation_id)
        self.channel.basic_publish(exchange="", routing_key="rpc_queue", properties=properties, body=str(n))
        while self.response is None:
            self.connection.process_data_events(time_limit=None)
        return int(self.response)


is_direct = sys.argv[1] == "direct"
client = FibonacciClient(is_direct)
for argument in sys.argv[2 if is_direct else 1 :]:
    print(f"fib({argument}) is {client.call(int(argument))}", flush=True)
client.connection.close()
