"""Where the programs connect to: AMQP_URL, or what every tutorial says."""

import os

import pika


def connect():
    url = os.environ.get("AMQP_URL")
    return pika.BlockingConnection(pika.URLParameters(url) if url else pika.ConnectionParameters("localhost"))
