// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/reactor.hpp"
#include "muster/curve.hpp"

namespace muster::rehearsal {

/// A ZeroMQ context with one I/O thread. Ends when its sockets have ended and their last messages
/// are sent or their linger time is over.
class ZmqContext {
  public:
    static Result<ZmqContext> make();
    ZmqContext(ZmqContext&&) noexcept = default;
    ZmqContext& operator=(ZmqContext&&) noexcept = default;
    void* get() const { return context_.get(); }

  private:
    struct End {
        void operator()(void* context) const noexcept;
    };
    explicit ZmqContext(void* context) : context_(context) {}
    std::unique_ptr<void, End> context_;
};

/// A received message: its frames, and the descriptor of the connection that it came from (-1
/// unless TCP or IPC).
struct ZmqMessage {
    std::vector<std::string> frames;
    int connection = -1;
};

/// What happened on a socket's connections (zmq_socket_monitor(3)).
struct ZmqEvent {
    int event;  ///< ZMQ_EVENT_...
    int value;  ///< descriptor, or errno, as the event says
};

/// A ZeroMQ socket driven by a Reactor. Sending never blocks.
class ZmqSocket {
  public:
    static Result<std::unique_ptr<ZmqSocket>> make(const ZmqContext& context, int type);
    ZmqSocket(const ZmqSocket&) = delete;
    ZmqSocket& operator=(const ZmqSocket&) = delete;
    ~ZmqSocket();

    /// Options (zmq_setsockopt(3)); one that libzmq refuses is a bug.
    void set(int option, int value);
    void set(int option, std::string_view value);
    /// CURVE as Flux uses it: one pair is server's key, client's key and the only authorised one.
    void set_curve_server(const curve::KeyPair& keys, std::string_view zap_domain);
    void set_curve_client(const curve::KeyPair& keys);

    /// These give 0 or an errno value.
    int bind(const std::string& uri);
    int connect(const std::string& uri);
    int send(std::span<const std::string_view> frames);

    /// Calls `handler` with each message, from the reactor's loop, until this socket ends.
    void watch(Reactor& reactor, std::function<void(ZmqMessage)> handler);
    /// Calls `handler` with each of `events` (a ZMQ_EVENT_ mask). Errors: internal.
    Result<void> monitor(const ZmqContext& context, Reactor& reactor, int events,
                         std::function<void(ZmqEvent)> handler);

  private:
    explicit ZmqSocket(void* socket) : socket_(socket) {}
    std::optional<ZmqMessage> receive();
    bool readable() const;
    void drain();
    void drain_soon();

    void* socket_;
    Reactor* reactor_ = nullptr;
    int fd_ = -1;
    bool draining_ = false;
    Reactor::TimerId soon_ = 0;
    std::function<void(ZmqMessage)> handler_;
    std::unique_ptr<ZmqSocket> monitor_;
};

}  // namespace muster::rehearsal
