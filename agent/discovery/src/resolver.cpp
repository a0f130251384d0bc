// SPDX-License-Identifier: Apache-2.0
#include "muster/discovery/resolver.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/epoll.h>

#include <array>
#include <optional>

namespace muster::discovery {
namespace {

constexpr int question_timeout_ms = 1000;  // for one server; a caller that waits asks again

std::string format_address(const ares_addrinfo_node& node) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* address = nullptr;
    if (node.ai_family == AF_INET)
        address = &reinterpret_cast<const sockaddr_in*>(node.ai_addr)->sin_addr;
    if (node.ai_family == AF_INET6)
        address = &reinterpret_cast<const sockaddr_in6*>(node.ai_addr)->sin6_addr;
    if (address == nullptr ||
        ::inet_ntop(node.ai_family, address, text.data(), text.size()) == nullptr)
        return {};
    return text.data();
}

Answer make_answer(int status, const ares_addrinfo* info) {
    Answer answer;
    if (status == ARES_SUCCESS && info != nullptr) {
        for (const auto* node = info->nodes; node != nullptr; node = node->ai_next)
            if (auto address = format_address(*node); !address.empty())
                answer.addresses.push_back(std::move(address));
        answer.outcome =
            answer.addresses.empty() ? Answer::Outcome::no_address : Answer::Outcome::found;
        answer.text = answer.addresses.empty() ? "the name has no address" : "found";
        return answer;
    }
    switch (status) {
        case ARES_ENOTFOUND:
            answer.outcome = Answer::Outcome::no_such_name;
            answer.text = "no such name";
            break;
        case ARES_ENODATA:
            answer.outcome = Answer::Outcome::no_address;
            answer.text = "the name has no address";
            break;
        case ARES_ESERVFAIL:
            answer.outcome = Answer::Outcome::server_failure;
            answer.text = "the name server failed (SERVFAIL)";
            break;
        case ARES_EREFUSED:
            answer.outcome = Answer::Outcome::server_failure;
            answer.text = "the name server refused";
            break;
        case ARES_ECONNREFUSED:
            answer.outcome = Answer::Outcome::silence;
            answer.text = "no name server could be reached";
            break;
        case ARES_ETIMEOUT:
            answer.outcome = Answer::Outcome::silence;
            answer.text = "the name server does not answer";
            break;
        default:
            answer.outcome = Answer::Outcome::server_failure;
            answer.text = ares_strerror(status);
            break;
    }
    return answer;
}

class CaresResolver final : public Resolver {
  public:
    explicit CaresResolver(Reactor& reactor) : reactor_(&reactor) {}
    CaresResolver(const CaresResolver&) = delete;
    CaresResolver& operator=(const CaresResolver&) = delete;
    ~CaresResolver() override {
        reactor_->cancel(timer_);
        if (channel_ != nullptr) ares_destroy(channel_);
    }

    Result<void> open(const std::string& servers) {
        ares_options options{};
        options.timeout = question_timeout_ms;
        options.tries = 1;
        options.ndots = 0;
        options.sock_state_cb = &CaresResolver::on_socket_state;
        options.sock_state_cb_data = this;
        std::array<char, 2> lookups{'b', '\0'};  // name servers only
        options.lookups = lookups.data();
        const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                         ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;
        if (const int status = ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS)
            return fail(Kind::internal, "start the resolver: {}", ares_strerror(status));
        if (!servers.empty() &&
            ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS)
            return fail(Kind::usage, "--dns (MUSTER_DNS) '{}' is not a list of ADDRESS[:PORT]",
                        servers);
        return {};
    }

    void ask(const std::string& name, Family family, Callback callback) override {
        ares_addrinfo_hints hints{};
        hints.ai_family = family == Family::ipv4   ? AF_INET
                          : family == Family::ipv6 ? AF_INET6
                                                   : AF_UNSPEC;
        hints.ai_flags = ARES_AI_NOSORT;
        auto pending = std::make_unique<Pending>(Pending{this, std::move(callback)});
        ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &CaresResolver::on_answer,
                         pending.release());
        set_timer();
    }

  private:
    struct Pending {
        CaresResolver* resolver;
        Callback callback;
    };

    static void on_answer(void* argument, int status, int, ares_addrinfo* info) {
        const std::unique_ptr<Pending> pending(static_cast<Pending*>(argument));
        const Answer answer = make_answer(status, info);
        ares_freeaddrinfo(info);
        if (status == ARES_EDESTRUCTION) return;
        // c-ares may answer within ask(); callers are promised the reactor.
        pending->resolver->reactor_->after(
            Duration::zero(),
            [callback = std::move(pending->callback), answer] { callback(answer); });
    }

    static void on_socket_state(void* argument, ares_socket_t socket, int readable, int writable) {
        auto& self = *static_cast<CaresResolver*>(argument);
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
            ares_process_fd(self.channel_, read, write);
            self.set_timer();
        });
    }

    void set_timer() {
        reactor_->cancel(timer_);
        timeval left{};
        if (ares_timeout(channel_, nullptr, &left) == nullptr) return;
        timer_ = reactor_->after(
            std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec), [this] {
                ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
                set_timer();
            });
    }

    Reactor* reactor_;
    ares_channel channel_ = nullptr;
    Reactor::TimerId timer_ = 0;
};

}  // namespace

Result<std::unique_ptr<Resolver>> make_resolver(Reactor& reactor, const std::string& servers) {
    auto resolver = std::make_unique<CaresResolver>(reactor);
    TRY(resolver->open(servers));
    return std::unique_ptr<Resolver>(std::move(resolver));
}

}  // namespace muster::discovery
