"""RPC: answers Fibonacci numbers."""

import pika
from broker import connect


def fibonacci(n):
    before, number = 1, 0
    for _ in range(n):
        before, number = number, before + number
    return number


connection = connect()
channel = connection.channel()
channel.queue_declare(queue="rpc_queue")


def on_request(channel, method, properties, body):
    channel.basic_publish(
        exchange="",
        routing_key=properties.reply_to,
        properties=pika.BasicProperties(correlation_id=properties.correlation_id),
        body=str(fibonacci(int(body))),
    )
    channel.basic_ack(delivery_tag=method.delivery_tag)


channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue="rpc_queue", on_message_callback=on_request)
print("Waiting for requests", flush=True)
channel.start_consuming()
