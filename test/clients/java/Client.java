import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.RpcClient;
import com.rabbitmq.client.RpcClientParams;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Hello world, confirms and RPC, one after the other, on the broker that AMQP_URL names. */
public class Client {
  private static final int PATIENCE_MS = 30_000;
  private static final CancelCallback NOTHING = consumerTag -> {};

  public static void main(String[] arguments) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(System.getenv("AMQP_URL"));
    try (Connection connection = factory.newConnection()) {
      sayHello(connection);
      confirm(connection);
      callRemotely(connection);
    }
  }

  private static void sayHello(Connection connection) throws Exception {
    try (Channel channel = connection.createChannel()) {
      channel.queueDeclare("hello", true, false, false, null);
      channel.basicPublish("", "hello", null, "Hello World!".getBytes());
      BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
      channel.basicConsume("hello", false, (consumerTag, delivery) -> deliveries.add(delivery), NOTHING);
      Delivery delivery = receive(deliveries);
      channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
      System.out.println("Received " + new String(delivery.getBody()));
    }
  }

  /** Publishes without waiting in between, then for all, and counts what comes. */
  private static void confirm(Connection connection) throws Exception {
    final int count = 50;
    try (Channel channel = connection.createChannel()) {
      channel.confirmSelect();
      String queue = channel.queueDeclare().getQueue();
      for (int index = 0; index < count; index++) {
        channel.basicPublish("", queue, true, null, Integer.toString(index).getBytes());
      }
      channel.waitForConfirmsOrDie(PATIENCE_MS);
      BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
      channel.basicConsume(queue, true, (consumerTag, delivery) -> deliveries.add(delivery), NOTHING);
      Set<String> received = new HashSet<>();
      while (received.size() < count) received.add(new String(receive(deliveries).getBody()));
      System.out.println("Confirmed " + count + ", received " + received.size());
    }
  }

  private static void callRemotely(Connection connection) throws Exception {
    try (Channel server = connection.createChannel(); Channel client = connection.createChannel()) {
      server.queueDeclare("rpc_queue", false, true, false, null);
      server.basicQos(1);
      server.basicConsume("rpc_queue", false, (consumerTag, request) -> answer(server, request), NOTHING);
      RpcClientParams parameters = new RpcClientParams();
      parameters.channel(client).exchange("").routingKey("rpc_queue").timeout(PATIENCE_MS);
      try (RpcClient calls = new RpcClient(parameters)) {
        for (int number = 2; number < 5; number++) {
          System.out.println(number + " squared is " + calls.stringCall(Integer.toString(number)));
        }
      }
    }
  }

  private static void answer(Channel channel, Delivery request) throws IOException {
    int number = Integer.parseInt(new String(request.getBody()));
    String correlationId = request.getProperties().getCorrelationId();
    BasicProperties properties = new BasicProperties.Builder().correlationId(correlationId).build();
    byte[] square = Integer.toString(number * number).getBytes();
    channel.basicPublish("", request.getProperties().getReplyTo(), properties, square);
    channel.basicAck(request.getEnvelope().getDeliveryTag(), false);
  }

  private static Delivery receive(BlockingQueue<Delivery> deliveries) throws InterruptedException {
    Delivery delivery = deliveries.poll(PATIENCE_MS, TimeUnit.MILLISECONDS);
    if (delivery == null) throw new IllegalStateException("nothing was delivered");
    return delivery;
  }
}
