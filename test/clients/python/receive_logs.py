"""Publish/subscribe: prints what is sent from now on; a queue of its own goes when it goes."""

from broker import connect

connection = connect()
channel = connection.channel()
channel.exchange_declare(exchange="logs", exchange_type="fanout")
queue = channel.queue_declare(queue="", exclusive=True).method.queue
channel.queue_bind(exchange="logs", queue=queue)


def on_message(_channel, _method, _properties, body):
    print(f"Received {body.decode()}", flush=True)


channel.basic_consume(queue=queue, on_message_callback=on_message, auto_ack=True)
print("Waiting for messages", flush=True)
channel.start_consuming()
