// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "overlay_types.hpp"
#include "zmq_socket.hpp"

namespace muster::rehearsal {

/// The overlay's upward side: dials the parent for as long as it takes (libzmq resolves the name
/// anew for each dial), says hello, and follows the parent's state and heartbeats.
class ParentLink {
  public:
    struct Handlers {
        std::function<void(Message)> on_message;       ///< anything not the overlay's own
        std::function<void(State)> on_state;           ///< the parent's state
        std::function<void()> on_heartbeat;            ///< to be passed on to the children
        std::function<void()> on_farewell;             ///< the parent has heard the goodbye
        std::function<void(std::string)> on_rejected;  ///< hello refused, text as Flux prints it
        std::function<void()> on_disconnected;  ///< sent away, or no heartbeat: already logged
    };

    /// Starts dialling `uri`. Errors: config, with Flux's text.
    static Result<std::unique_ptr<ParentLink>> connect(const ZmqContext& context, Reactor& reactor,
                                                       BrokerLog& log,
                                                       const OverlayOptions& options,
                                                       const std::string& hostname,
                                                       const curve::KeyPair& keys,
                                                       const std::string& uri, Handlers handlers);
    ~ParentLink();

    /// Delivered once there is a connection.
    void send(const Message& message);
    /// True once the parent has accepted the hello.
    bool joined() const { return joined_; }

  private:
    ParentLink(Reactor& reactor, BrokerLog& log, const OverlayOptions& options,
               std::string hostname, Handlers handlers)
        : reactor_(reactor),
          log_(log),
          options_(options),
          hostname_(std::move(hostname)),
          handlers_(std::move(handlers)) {}

    void say_hello();
    void receive(const ZmqMessage& raw);
    void handle(Message message);
    void keepalive();
    void expect_heartbeat();
    void overdue();
    Rank parent() const { return *options_.tree.parent(options_.rank); }

    Reactor& reactor_;
    BrokerLog& log_;
    OverlayOptions options_;
    std::string hostname_;
    Handlers handlers_;
    std::unique_ptr<ZmqSocket> socket_;
    bool joined_ = false;
    TimePoint sent_{};
    TimePoint heard_{};
    bool warned_ = false;
    Reactor::TimerId keepalive_timer_ = 0;
    Reactor::TimerId heartbeat_timer_ = 0;
};

}  // namespace muster::rehearsal
