// SPDX-License-Identifier: Apache-2.0
#include "name_server.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "muster/base/assert.hpp"

namespace muster::discovery {
namespace {

using namespace std::chrono_literals;

/// How long a question is waited for at first, and where a server has been seen to be slow.
constexpr Duration shortest_patience = 500ms;
constexpr Duration longest_patience = 5s;
constexpr int questions_per_socket = 32;
constexpr const char* no_answer = "the name server does not answer";

std::string explain(int status) {
    switch (status) {
        case ARES_ETIMEOUT:
            return no_answer;
        case ARES_ECONNREFUSED:
            return "the name server cannot be reached";
        default:
            return ares_strerror(status);
    }
}

}  // namespace

/// A c-ares channel and its watches. It listens for longer than anybody waits: a late answer tells
/// how long the next question must be waited for.
class NameServer::Channel {
  public:
    Channel(Reactor& reactor, const std::string& address, Duration& patience)
        : reactor_(&reactor), patience_(&patience) {
        ares_options options{};
        // NOCHECKRESP: SERVFAIL and the like are for us to judge. With a value for each of these
        // c-ares reads no file.
        options.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_STAYOPEN;
        options.timeout = static_cast<int>(longest_patience / 1ms);
        options.tries = 1;
        options.ndots = 0;
        options.sock_state_cb = &Channel::on_socket_state;
        options.sock_state_cb_data = this;
        std::array<char, 2> lookups{'b', '\0'};
        options.lookups = lookups.data();
        const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                         ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS | ARES_OPT_SERVERS |
                         ARES_OPT_DOMAINS | ARES_OPT_SORTLIST;
        int status = ares_init_options(&channel_, &options, mask);
        MUSTER_ASSERT(status == ARES_SUCCESS);
        status = ares_set_servers_ports_csv(channel_, address.c_str());
        MUSTER_ASSERT(status == ARES_SUCCESS);
    }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel() {
        reactor_->cancel(timer_);
        ares_destroy(channel_);
    }

    void send(std::span<const std::uint8_t> message, Callback callback) {
        ++sent_;
        ++waiting_;
        auto* const pending = new Pending{this, std::move(callback), reactor_->now()};
        pending->timer = reactor_->after(*patience_, [this, pending] { give_up(*pending); });
        ++depth_;
        ares_send(channel_, message.data(), static_cast<int>(message.size()), &Channel::on_answer,
                  pending);
        --depth_;
        set_timer();
    }

    bool is_used_up() const { return must_go_ || sent_ >= questions_per_socket; }
    /// c-ares does not let a channel be destroyed from its callbacks.
    bool is_idle() const { return waiting_ == 0 && depth_ == 0; }

  private:
    /// c-ares owns it until on_answer().
    struct Pending {
        Channel* channel;
        Callback callback;  ///< none: it was given up
        TimePoint sent;
        Reactor::TimerId timer = 0;
    };

    static void on_answer(void* argument, int status, int, unsigned char* bytes, int length) {
        const std::unique_ptr<Pending> pending(static_cast<Pending*>(argument));
        auto& self = *pending->channel;
        self.reactor_->cancel(pending->timer);
        if (status == ARES_EDESTRUCTION) return;
        --self.waiting_;
        const bool is_answer = status == ARES_SUCCESS;
        if (is_answer)
            *self.patience_ = std::clamp((self.reactor_->now() - pending->sent) * 2,
                                         shortest_patience, longest_patience);
        else
            self.must_go_ = true;
        if (!pending->callback) return;
        if (is_answer)
            pending->callback({bytes, static_cast<std::size_t>(length)}, {});
        else
            pending->callback({}, explain(status));
    }

    void give_up(Pending& pending) {
        pending.timer = 0;
        must_go_ = true;
        std::exchange(pending.callback, nullptr)({}, no_answer);
    }

    static void on_socket_state(void* argument, ares_socket_t socket, int readable, int writable) {
        auto& self = *static_cast<Channel*>(argument);
        if (readable == 0 && writable == 0) {
            self.reactor_->forget(socket);
            return;
        }
        const std::uint32_t events = (readable != 0 ? std::uint32_t{EPOLLIN} : 0u) |
                                     (writable != 0 ? std::uint32_t{EPOLLOUT} : 0u);
        self.reactor_->watch(socket, events, [&self, socket](std::uint32_t ready) {
            const auto read =
                (ready & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 ? socket : ARES_SOCKET_BAD;
            const auto write = (ready & EPOLLOUT) != 0 ? socket : ARES_SOCKET_BAD;
            self.process(read, write);
        });
    }

    void process(ares_socket_t read, ares_socket_t write) {
        ++depth_;
        ares_process_fd(channel_, read, write);
        --depth_;
        set_timer();
    }

    void set_timer() {
        reactor_->cancel(timer_);
        timer_ = 0;
        timeval left{};
        if (ares_timeout(channel_, nullptr, &left) == nullptr) return;
        // One more millisecond: c-ares counts whole ones, and would want another turn.
        const auto delay = std::chrono::seconds(left.tv_sec) +
                           std::chrono::microseconds(left.tv_usec) + std::chrono::milliseconds(1);
        timer_ = reactor_->after(delay, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
    }

    Reactor* reactor_;
    Duration* patience_;  ///< the server's
    ares_channel channel_ = nullptr;
    Reactor::TimerId timer_ = 0;
    int sent_ = 0;
    int waiting_ = 0;
    int depth_ = 0;  // of calls into c-ares
    bool must_go_ = false;
};

NameServer::NameServer(Reactor& reactor, std::string address)
    : reactor_(&reactor),
      address_(std::move(address)),
      name_(address_),
      patience_(shortest_patience) {
    // "[::1]:53", "127.0.0.1:53"
    name_.erase(std::min(name_.rfind(':'), name_.size()));
    if (name_.starts_with('[') && name_.ends_with(']')) name_ = name_.substr(1, name_.size() - 2);
}

NameServer::~NameServer() = default;

void NameServer::send(std::span<const std::uint8_t> message, Callback callback) {
    std::erase_if(channels_,
                  [](const auto& channel) { return channel->is_used_up() && channel->is_idle(); });
    if (channels_.empty() || channels_.back()->is_used_up())
        channels_.push_back(std::make_unique<Channel>(*reactor_, address_, patience_));
    channels_.back()->send(message, std::move(callback));
}

Result<std::vector<std::string>> list_name_servers(const std::string& servers) {
    ares_channel channel = nullptr;
    if (const int status = ares_init(&channel); status != ARES_SUCCESS)
        return fail(Kind::internal, "start the resolver: {}", ares_strerror(status));
    const std::unique_ptr<std::remove_pointer_t<ares_channel>, decltype(&ares_destroy)> owner(
        channel, &ares_destroy);
    if (!servers.empty() && ares_set_servers_ports_csv(channel, servers.c_str()) != ARES_SUCCESS)
        return fail(Kind::usage, "--dns (MUSTER_DNS) '{}' is not a list of ADDRESS[:PORT]",
                    servers);
    ares_addr_port_node* nodes = nullptr;
    if (const int status = ares_get_servers_ports(channel, &nodes); status != ARES_SUCCESS)
        return fail(Kind::internal, "list the name servers: {}", ares_strerror(status));
    const std::unique_ptr<void, decltype(&ares_free_data)> nodes_owner(nodes, &ares_free_data);
    std::vector<std::string> list;
    for (const auto* node = nodes; node != nullptr; node = node->next) {
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (::inet_ntop(node->family, &node->addr, text.data(), text.size()) == nullptr) continue;
        const int port = node->udp_port == 0 ? 53 : node->udp_port;
        list.push_back(node->family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), port)
                                                : fmt::format("{}:{}", text.data(), port));
    }
    return list;
}

}  // namespace muster::discovery
