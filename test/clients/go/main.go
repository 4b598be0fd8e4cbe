// Hello world, confirms and RPC, one after the other, on the broker that AMQP_URL names.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const patience = 30 * time.Second

func main() {
	connection := must(amqp.Dial(os.Getenv("AMQP_URL")))
	for _, story := range []func(*amqp.Connection){sayHello, confirm, callRemotely} {
		story(connection)
	}
	check(connection.Close())
}

func sayHello(connection *amqp.Connection) {
	channel := must(connection.Channel())
	must(channel.QueueDeclare("hello", true, false, false, false, nil))
	check(publish(channel, "hello", amqp.Publishing{Body: []byte("Hello World!")}))
	deliveries := must(channel.Consume("hello", "", false, false, false, false, nil))
	delivery := receive(deliveries)
	check(delivery.Ack(false))
	fmt.Printf("Received %s\n", delivery.Body)
	check(channel.Close())
}

// confirm publishes without waiting in between, and counts what is confirmed and what comes.
func confirm(connection *amqp.Connection) {
	const count = 50
	channel := must(connection.Channel())
	check(channel.Confirm(false))
	queue := must(channel.QueueDeclare("", false, true, true, false, nil))
	var confirmations []*amqp.DeferredConfirmation
	for index := range count {
		message := amqp.Publishing{Body: []byte(strconv.Itoa(index))}
		confirmations = append(confirmations, must(
			channel.PublishWithDeferredConfirm("", queue.Name, true, false, message)))
	}
	confirmed := 0
	for _, confirmation := range confirmations {
		if confirmation.Wait() {
			confirmed++
		}
	}
	received := map[string]bool{}
	deliveries := must(channel.Consume(queue.Name, "", true, true, false, false, nil))
	for len(received) < count {
		received[string(receive(deliveries).Body)] = true
	}
	fmt.Printf("Confirmed %d, received %d\n", confirmed, len(received))
	check(channel.Close())
}

func callRemotely(connection *amqp.Connection) {
	server := must(connection.Channel())
	must(server.QueueDeclare("rpc_queue", false, true, false, false, nil))
	check(server.Qos(1, 0, false))
	requests := must(server.Consume("rpc_queue", "", false, false, false, false, nil))
	go func() {
		for request := range requests {
			number := must(strconv.Atoi(string(request.Body)))
			check(publish(server, request.ReplyTo, amqp.Publishing{
				CorrelationId: request.CorrelationId,
				Body:          []byte(strconv.Itoa(number * number)),
			}))
			check(request.Ack(false))
		}
	}()

	client := must(connection.Channel())
	replies := must(client.Consume("amq.rabbitmq.reply-to", "", true, false, false, false, nil))
	for number := 2; number < 5; number++ {
		text := strconv.Itoa(number)
		check(publish(client, "rpc_queue", amqp.Publishing{
			CorrelationId: text,
			ReplyTo:       "amq.rabbitmq.reply-to",
			Body:          []byte(text),
		}))
		reply := receive(replies)
		fmt.Printf("%s squared is %s\n", reply.CorrelationId, reply.Body)
	}
	check(client.Close())
	check(server.Close())
}

// publish sends to a queue by its name.
func publish(channel *amqp.Channel, queue string, message amqp.Publishing) error {
	return channel.PublishWithContext(context.Background(), "", queue, false, false, message)
}

func receive(deliveries <-chan amqp.Delivery) amqp.Delivery {
	select {
	case delivery, isOpen := <-deliveries:
		if !isOpen {
			log.Fatal("the channel was closed")
		}
		return delivery
	case <-time.After(patience):
		log.Fatal("nothing was delivered")
		panic("unreachable")
	}
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
