"""Hello world: prints what comes into the queue, until it is ended."""

from broker import connect

connection = connect()
channel = connection.channel()
channel.queue_declare(queue="hello")


def on_message(_channel, _method, _properties, body):
    print(f"Received {body.decode()}", flush=True)


channel.basic_consume(queue="hello", on_message_callback=on_message, auto_ack=True)
print("Waiting for messages", flush=True)
channel.start_consuming()
