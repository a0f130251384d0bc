// SPDX-License-Identifier: Apache-2.0
#include "name_server.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "muster/base/assert.hpp"

namespace muster::discovery {
namespace {

constexpr int question_timeout_ms = 500;
constexpr int questions_per_socket = 32;

std::string explain(int status) {
    switch (status) {
        case ARES_ETIMEOUT:
            return "the name server does not answer";
        case ARES_ECONNREFUSED:
            return "the name server cannot be reached";
        default:
            return ares_strerror(status);
    }
}

}  // namespace

/// A c-ares channel and its watches.
class NameServer::Channel {
  public:
    Channel(Reactor& reactor, const std::string& address) : reactor_(&reactor) {
        ares_options options{};
        // NOCHECKRESP: SERVFAIL and the like are for us to judge. With a value for each of these
        // c-ares reads no file.
        options.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_STAYOPEN;
        options.timeout = question_timeout_ms;
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
        auto pending = std::make_unique<Pending>(Pending{this, std::move(callback)});
        ++depth_;
        ares_send(channel_, message.data(), static_cast<int>(message.size()), &Channel::on_answer,
                  pending.release());
        --depth_;
        set_timer();
    }

    bool is_used_up() const { return must_go_ || sent_ >= questions_per_socket; }
    /// c-ares does not let a channel be destroyed from its callbacks.
    bool is_idle() const { return waiting_ == 0 && depth_ == 0; }

  private:
    struct Pending {
        Channel* channel;
        Callback callback;
    };

    static void on_answer(void* argument, int status, int, unsigned char* bytes, int length) {
        const std::unique_ptr<Pending> pending(static_cast<Pending*>(argument));
        if (status == ARES_EDESTRUCTION) return;
        --pending->channel->waiting_;
        if (status == ARES_SUCCESS)
            return pending->callback({bytes, static_cast<std::size_t>(length)}, {});
        pending->channel->must_go_ = true;
        pending->callback({}, explain(status));
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
    ares_channel channel_ = nullptr;
    Reactor::TimerId timer_ = 0;
    int sent_ = 0;
    int waiting_ = 0;
    int depth_ = 0;  // of calls into c-ares
    bool must_go_ = false;
};

NameServer::NameServer(Reactor& reactor, std::string address)
    : reactor_(&reactor), address_(std::move(address)), name_(address_) {
    // "[::1]:53", "127.0.0.1:53"
    name_.erase(std::min(name_.rfind(':'), name_.size()));
    if (name_.starts_with('[') && name_.ends_with(']')) name_ = name_.substr(1, name_.size() - 2);
}

NameServer::~NameServer() = default;

void NameServer::send(std::span<const std::uint8_t> message, Callback callback) {
    std::erase_if(channels_,
                  [](const auto& channel) { return channel->is_used_up() && channel->is_idle(); });
    if (channels_.empty() || channels_.back()->is_used_up())
        channels_.push_back(std::make_unique<Channel>(*reactor_, address_));
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
