import AMQPNIO
import SessionContract

// What distinguishes a message on its way from any other, where every order is tried.
extension SimulatedBroker {
    func digest(
        ofAcknowledging tag: UInt64, _ multiple: Bool, _ queue: Topology.CommandQueue, _ connection: Connection
    ) -> Digest {
        var digest = Digest(5, connection.place)
        for number in numbers(tag, multiple: multiple, of: queue, over: connection) { digest.append(number) }
        return digest
    }

    func digest(ofPublishing messages: [AMQPMessage], _ connection: Connection) -> Digest {
        var digest = Digest(6, connection.place)
        for message in messages {
            digest.append(message.exchange)
            if message.exchange == names.events {
                digest.append(world.name(ofEvent: message.properties.messageID ?? ""))
            } else {
                digest.append(message.properties.correlationID ?? "")
                digest.append(message.routingKey)
            }
        }
        return digest
    }
}
