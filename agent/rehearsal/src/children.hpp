// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "overlay_types.hpp"
#include "zap.hpp"
#include "zmq_socket.hpp"

namespace muster::rehearsal {

/// The overlay's downward side: listens, accepts those children that the tree gives this rank, and
/// notices when one is gone.
class Children {
  public:
    struct Handlers {
        std::function<void(Message)> on_message;  ///< anything that is not the overlay's own
        std::function<void(Rank)> on_lost;  ///< without a goodbye; its subtree is gone with it
        std::function<void(Rank)> on_left;  ///< after its goodbye
    };

    /// Listens on `uri`. Errors: unavailable, with Flux's text.
    static Result<std::unique_ptr<Children>> listen(const ZmqContext& context, Reactor& reactor,
                                                    BrokerLog& log, const OverlayOptions& options,
                                                    const curve::KeyPair& keys,
                                                    const std::string& uri, Handlers handlers);
    ~Children();

    /// False when `child` is not online.
    bool send(Rank child, const Message& message);
    void broadcast(const Message& message);
    /// Tells all children, and those that come later, this broker's state.
    void announce(State state);
    /// Sends all children away: they end with an error.
    void disconnect_all();
    std::size_t online() const { return by_rank_.size(); }

  private:
    struct Child {
        std::string identity;
        int connection;
        TimePoint seen;
        bool torpid = false;
    };
    Children(Reactor& reactor, BrokerLog& log, const OverlayOptions& options, Handlers handlers)
        : reactor_(reactor), log_(log), options_(options), handlers_(std::move(handlers)) {}

    void receive(const ZmqMessage& raw);
    void hello(const std::string& identity, int connection, const Message& message);
    /// Why `message`'s sender may not join, in Flux's words; empty when it may.
    std::string objection(const Message& message) const;
    int send_to(const std::string& identity, const Message& message);
    bool send_frame(Rank child, std::string_view frame);
    void lose(Rank child);
    void on_disconnected(int connection);
    void check_torpid();
    std::string host(std::uint64_t rank) const;

    Reactor& reactor_;
    BrokerLog& log_;
    OverlayOptions options_;
    Handlers handlers_;
    std::unique_ptr<ZapServer> zap_;
    std::unique_ptr<ZmqSocket> socket_;
    std::map<Rank, Child> by_rank_;
    std::unordered_map<std::string, Rank> by_identity_;
    std::unordered_set<int> broken_;  ///< connections that ended, whose children must be asked
    State state_ = State::join;
    Reactor::TimerId probe_timer_ = 0;
    Reactor::TimerId torpid_timer_ = 0;
};

}  // namespace muster::rehearsal
