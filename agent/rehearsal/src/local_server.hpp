// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "message.hpp"
#include "muster/base/reactor.hpp"

namespace muster::rehearsal {

/// A broker's local socket: clients of the same user, each sending and receiving delimited
/// messages.
class LocalServer {
  public:
    struct Handlers {
        std::function<void(std::int64_t connection, Message)> on_message;
        std::function<void(std::int64_t connection)> on_closed;
    };

    /// Listens at `path`, replacing a socket that a broker killed earlier left there, and removes
    /// it in the end. Errors: io, with Flux's text.
    static Result<std::unique_ptr<LocalServer>> listen(Reactor& reactor, const std::string& path,
                                                       Handlers handlers);
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;
    ~LocalServer();

    /// Dropped when the client is gone. Never blocks.
    void send(std::int64_t connection, const Message& message);

  private:
    struct Connection {
        Fd fd;
        FrameBuffer in;
        std::string out;
        std::size_t sent = 0;
    };
    LocalServer(Reactor& reactor, std::string path, Handlers handlers)
        : reactor_(reactor), path_(std::move(path)), handlers_(std::move(handlers)) {}
    void accept();
    void on_events(std::int64_t id, std::uint32_t events);
    bool read(std::int64_t id);
    bool flush(Connection& connection);
    void watch(std::int64_t id);
    void close(std::int64_t id);

    Reactor& reactor_;
    std::string path_;
    Handlers handlers_;
    Fd listener_;
    std::map<std::int64_t, Connection> connections_;
    std::int64_t last_id_ = 0;
};

}  // namespace muster::rehearsal
