"""Hello world, confirms and RPC with aio-pika, one after the other, on the broker that AMQP_URL names."""

import asyncio
import os

import aio_pika

PATIENCE_S = 30
COUNT = 50


async def say_hello(connection):
    async with connection.channel() as channel:
        queue = await channel.declare_queue("hello", durable=True)
        await channel.default_exchange.publish(aio_pika.Message(b"Hello World!"), routing_key=queue.name)
        message = await queue.get(timeout=PATIENCE_S)
        await message.ack()
        print(f"Received {message.body.decode()}", flush=True)


async def confirm(connection):
    """Publishes all at once; each publish returns when it is confirmed."""
    async with connection.channel() as channel:
        queue = await channel.declare_queue(exclusive=True)
        messages = [aio_pika.Message(str(index).encode()) for index in range(COUNT)]
        await asyncio.gather(
            *(channel.default_exchange.publish(message, routing_key=queue.name) for message in messages)
        )
        received = set()
        async with queue.iterator(timeout=PATIENCE_S) as deliveries:
            async for delivery in deliveries:
                async with delivery.process():
                    received.add(delivery.body)
                if len(received) == COUNT:
                    break
        print(f"Confirmed {COUNT}, received {len(received)}", flush=True)


async def call_remotely(connection):
    async with connection.channel() as channel:
        rpc = await aio_pika.patterns.RPC.create(channel)

        async def square(*, number):
            return number * number

        await rpc.register("square", square, auto_delete=True)
        for number in range(2, 5):
            print(f"{number} squared is {await rpc.proxy.square(number=number)}", flush=True)
        await rpc.close()


async def main():
    connection = await aio_pika.connect_robust(os.environ["AMQP_URL"])
    async with connection:
        for story in (say_hello, confirm, call_remotely):
            await asyncio.wait_for(story(connection), PATIENCE_S * 3)


asyncio.run(main())
