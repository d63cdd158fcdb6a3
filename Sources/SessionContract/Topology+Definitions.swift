extension Topology {
    /// Writes the topology as a RabbitMQ definitions file, for `rabbitmqctl import_definitions` or the management
    /// plugin.
    package func definitions(virtualHost: String) -> [UInt8] {
        JSONWriter.object(capacity: 8192) { json in
            json.array("exchanges") { json in
                for exchange in exchanges { json.object { $0.members(of: exchange, in: virtualHost) } }
            }
            json.array("queues") { json in
                for queue in queues { json.object { $0.members(of: queue, in: virtualHost) } }
            }
            json.array("bindings") { json in
                for binding in bindings { json.object { $0.members(of: binding, in: virtualHost) } }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func members(of exchange: Topology.Exchange, in virtualHost: String) {
        member("name", exchange.name)
        member("vhost", virtualHost)
        member("type", exchange.kind.rawValue)
        member("durable", true)
        member("auto_delete", false)
        member("internal", false)
        object("arguments") { $0.member("alternate-exchange", exchange.alternate) }
    }

    fileprivate mutating func members(of queue: Topology.Queue, in virtualHost: String) {
        member("name", queue.name)
        member("vhost", virtualHost)
        member("durable", true)
        member("auto_delete", false)
        object("arguments") { json in
            for (name, value) in queue.arguments {
                json.key(text: name)
                switch value {
                case .text(let text): json.string(text)
                case .number(let number): json.integer(number)
                }
            }
        }
    }

    fileprivate mutating func members(of binding: Topology.Binding, in virtualHost: String) {
        member("source", binding.exchange)
        member("vhost", virtualHost)
        member("destination", binding.queue)
        member("destination_type", "queue")
        member("routing_key", binding.key)
        object("arguments") { _ in }
    }
}
